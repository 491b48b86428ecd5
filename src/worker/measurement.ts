import { CladeError } from "../algorithm/clade-error.ts";
import { nearest } from "../algorithm/nearest.ts";
import type { Evaluation } from "../experiment/trainer.ts";

/** What an evaluation says about a snapshot. The score is absent when the objective is missing, NaN or infinite. */
export interface Measurement {
  readonly score?: number;
  readonly samples?: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
}

export function measurementOf({ samples, ...reported }: Evaluation, metric: string): Measurement {
  const metrics: Record<string, number> = {};
  for (const [name, value] of Object.entries(reported)) {
    // As every store keeps it: JSON knows no infinity and SQLite no negative zero.
    if (typeof value === "number") metrics[name] = Number.isFinite(value) ? value + 0 : Number.NaN;
  }
  const score = metrics[metric];
  const finite = samples?.filter(Number.isFinite);
  return {
    ...(Number.isFinite(score) && { score: score! }),
    ...(finite && finite.length > 0 && { samples: finite }),
    metrics,
  };
}

/** The objective is not among the metrics at all, which is a mistake and not a bad score. */
export class MetricError extends CladeError {
  constructor(metric: string, evaluation: Evaluation) {
    const reported = Object.keys(evaluation).filter((name) => name !== "samples");
    super(
      `objective.metric: "${metric}" - is not reported by the trainer's evaluate(); ${nearest(metric, reported)}.`,
    );
  }
}
