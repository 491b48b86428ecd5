import type { HyperparameterValue, TreeSnapshot } from "../algorithm/snapshot.ts";
import type { Branch } from "./branches.ts";

/** A value at a number of training steps of the lineage. */
interface Point<V extends HyperparameterValue = number> {
  readonly step: number;
  readonly value: V;
}

/** A curve has no gap: a new one begins after a missing value. */
export type Curve<V extends HyperparameterValue = number> = readonly Point<V>[];

/** The score that a snapshot's training or evaluation earned. */
export function earnedScore(snapshot: TreeSnapshot): number | undefined {
  return snapshot.kind === "trained" || snapshot.kind === "evaluated" ? snapshot.score : undefined;
}

/**
 * Scores along snapshots of which each is the child of the one before: a lineage, or a part of
 * one.
 */
export function scoreCurves(lineage: readonly TreeSnapshot[]): readonly Curve[] {
  const curves: Point[][] = [[]];
  for (const snapshot of lineage) {
    const { kind, step, score } = snapshot;
    if (kind !== "trained" && kind !== "evaluated") continue;
    if (score !== undefined) curves.at(-1)!.push({ step, value: score });
    else if (curves.at(-1)!.length > 0) curves.push([]);
  }
  return curves.filter(({ length }) => length > 0);
}

/**
 * What a hyperparameter was while a lineage, or a part of one, was trained, as the corners of a
 * line of steps: a horizontal stretch for each generation, joined to the next. Where the
 * hyperparameter did not apply there is a gap. The first snapshot says where the line begins.
 */
export function hyperparameterCurves(
  lineage: readonly TreeSnapshot[],
  name: string,
): readonly Curve<HyperparameterValue>[] {
  const curves: Point<HyperparameterValue>[][] = [[]];
  let fromStep = lineage[0]?.step ?? 0;
  for (const { kind, step, hyperparameters } of lineage.slice(1)) {
    if (kind !== "trained") continue;
    const value = hyperparameters[name];
    const curve = curves.at(-1)!;
    if (value === undefined) {
      if (curve.length > 0) curves.push([]);
    } else if (curve.at(-1)?.value === value) curve[curve.length - 1] = { step, value };
    else curve.push({ step: fromStep, value }, { step, value });
    fromStep = step;
  }
  return curves.filter(({ length }) => length > 0);
}

/**
 * The parts of a branch with a descendant and without, each from the snapshot that it goes on
 * from.
 */
export function partsOf<S extends TreeSnapshot>(
  branch: Branch<S>,
): { readonly surviving: readonly S[]; readonly extinct: readonly S[] } {
  const { origin, snapshots, surviving } = branch;
  const whole = origin ? [origin, ...snapshots] : snapshots;
  const first = surviving + (origin ? 1 : 0);
  return {
    surviving: surviving === 0 ? [] : whole.slice(0, first),
    extinct: surviving === snapshots.length ? [] : whole.slice(Math.max(0, first - 1)),
  };
}
