import { CladeError } from "../algorithm/clade-error.ts";
import { nearest } from "../algorithm/nearest.ts";
import { show } from "../algorithm/strategy.ts";
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

/** Throws `MetricError` when an evaluation does not have the metric, or has something else than a number in its place. */
export function requireMetric(evaluation: Evaluation, metric: string): void {
  const value: unknown = evaluation[metric];
  if (metric in evaluation && (value === undefined || typeof value === "number")) return;
  throw new MetricError(metric, evaluation);
}

/** The objective is not among the metrics at all, which is a mistake and not a bad score. */
export class MetricError extends CladeError {
  constructor(metric: string, evaluation: Evaluation) {
    const reported = Object.keys(evaluation).filter((name) => name !== "samples");
    if (metric in evaluation) {
      const rule = `${show(evaluation[metric])} is not a number, and evaluate() reports it as the objective`;
      super(`objective.metric: "${metric}" - ${rule}; return a number (NaN for a model that has diverged).`);
      return;
    }
    super(
      `objective.metric: "${metric}" - is not reported by the trainer's evaluate(); ${nearest(metric, reported)}.`,
    );
  }
}
