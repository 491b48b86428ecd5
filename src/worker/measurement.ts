import { CladeError } from "../algorithm/clade-error.ts";
import { nearest } from "../algorithm/nearest.ts";
import { show } from "../algorithm/show.ts";
import { maxMetrics, maxSamples, nameMistake } from "../experiment/bounds.ts";
import type { Evaluation } from "../experiment/trainer.ts";
import { TrainerError } from "../trainer/trainer-session.ts";

/**
 * What an evaluation says about a snapshot. The score is absent when the objective is missing, NaN
 * or infinite.
 */
export interface Measurement {
  readonly score?: number;
  readonly samples?: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Throws a `TrainerError` if it is more than a database should store for every generation. */
export function measurementOf(evaluation: Evaluation, metric: string): Measurement {
  const { samples, ...reported } = evaluation;
  requireBounds(Object.keys(reported), samples);
  const metrics: Record<string, number> = {};
  for (const [name, value] of Object.entries(reported)) {
    // As every store keeps it: JSON has no infinity, and SQLite no negative zero.
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

function requireBounds(names: readonly string[], samples: Evaluation["samples"] = []): void {
  const invalid = (value: string, rule: string, remedy: string) =>
    new TrainerError(`evaluate() reported ${value} - ${rule}; ${remedy}`, "", {
      kind: "contract",
    });
  if (names.length > maxMetrics)
    throw invalid(
      `${names.length} metrics`,
      `may be at most ${maxMetrics}`,
      "write the others to a file of your own",
    );
  if (samples.length > maxSamples)
    throw invalid(
      `${samples.length} samples`,
      `may be at most ${maxSamples}`,
      "report the last ones",
    );
  for (const name of names) {
    const mistake = nameMistake(name);
    if (mistake)
      throw invalid(`the metric ${show(name).slice(0, 100)}`, mistake.rule, mistake.remedy);
  }
}

/**
 * Throws `MetricError` if an evaluation does not have the metric, or has something other than a
 * number in its place.
 */
export function requireMetric(evaluation: Evaluation, metric: string): void {
  requireBounds(
    Object.keys(evaluation).filter((name) => name !== "samples"),
    evaluation.samples,
  );
  const value: unknown = evaluation[metric];
  if (metric in evaluation && (value === undefined || typeof value === "number")) return;
  throw new MetricError(metric, evaluation);
}

/** The objective is not among the metrics, which is a mistake and not a bad score. */
export class MetricError extends CladeError {
  constructor(metric: string, evaluation: Evaluation) {
    const reported = Object.keys(evaluation).filter((name) => name !== "samples");
    if (metric in evaluation) {
      const rule =
        `${show(evaluation[metric])} is not a number, and evaluate() reports it as the ` +
        "objective";
      super(
        `objective.metric: "${metric}" - ${rule}; return a number (NaN for a model that has ` +
          "diverged).",
      );
      return;
    }
    super(
      `objective.metric: "${metric}" - is not reported by the trainer's evaluate(); ` +
        `${nearest(metric, reported)}.`,
    );
  }
}
