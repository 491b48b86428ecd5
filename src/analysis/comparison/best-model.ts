import { nearest } from "../../algorithm/nearest.ts";
import { isBetter } from "../../algorithm/population.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { isEarned, type Snapshot } from "../../algorithm/snapshot.ts";
import type { Objective } from "../../experiment/objective.ts";
import type { History } from "../history.ts";

/** The metric of best models by which runs are compared. */
export interface BestBy {
  readonly metric: string;
  /**
   * Whether this metric also chose the best models. It is then the best of many values, so
   * slightly too good.
   */
  readonly isChoice: boolean;
}

/**
 * The named metric; without a name the objective's held-out metric, or its score. Throws a
 * `BadInputError` for a metric that no best model has.
 */
export function bestBy(
  { metric, final }: Objective,
  named: string | undefined,
  histories: readonly History[],
): BestBy {
  if (named === undefined) {
    const hasFinal =
      final !== undefined &&
      histories.some((history) => Number.isFinite(bestModel(history)?.metrics[final]));
    return { metric: hasFinal ? final : metric, isChoice: true };
  }
  const known = new Set(
    histories.flatMap((history) => Object.keys(bestModel(history)?.metrics ?? {})),
  );
  if (histories.some((history) => bestModel(history)) && !known.has(named)) {
    const rule = "is not a metric of the best models";
    throw new BadInputError([
      { path: "metric", value: named, rule, remedy: nearest(named, [...known]) },
    ]);
  }
  return { metric: named, isChoice: named === metric || named === final };
}

/** The metric of a run's best model. Undefined where there is none, or where it is not finite. */
export function bestOf(history: History, { metric }: BestBy): number | undefined {
  const best = bestModel(history);
  const isScore = metric === history.run.experiment.objective.metric;
  const value = isScore ? best?.score : best?.metrics[metric];
  return Number.isFinite(value) ? value : undefined;
}

/**
 * Chosen as `summaryOf` does: by the held-out metric among the members' newest snapshots that have
 * it; otherwise by the best score ever.
 */
export function bestModel({ run, snapshots }: History): Snapshot | undefined {
  const { final, direction } = run.experiment.objective;
  if (final !== undefined) {
    const newest = new Map(snapshots.map((snapshot) => [snapshot.member, snapshot]));
    let best: Snapshot | undefined;
    for (const snapshot of newest.values()) {
      const value = snapshot.metrics[final];
      if (!isEarned(snapshot) || !Number.isFinite(value)) continue;
      if (isBetter(direction, value, best?.metrics[final])) best = snapshot;
    }
    if (best) return best;
  }
  return snapshots.find(({ id }) => id === run.best);
}
