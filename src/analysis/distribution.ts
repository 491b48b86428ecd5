import type { HyperparameterValue, TreeSnapshot } from "../algorithm/snapshot.ts";

/** A stretch of steps of the lineages, all members together. */
interface Steps {
  /** After `fromStep`, up to and with `toStep`, of the lineages. */
  readonly fromStep: number;
  readonly toStep: number;
  /** The mean of their steps. */
  readonly meanStep: number;
}

/** Trained snapshots, in the order of publication. Never empty. */
export interface TrainedStretch extends Steps {
  readonly snapshots: readonly TreeSnapshot[];
}

/** What a population's values were. */
export interface Stretch<V extends HyperparameterValue = HyperparameterValue> extends Steps {
  /** Of those snapshots that have one. */
  readonly values: readonly V[];
}

/** More stretches could not be told apart. */
const maxStretches = 120;

/**
 * The trained snapshots, in stretches of equal length: about a generation, or longer in a long
 * run. A stretch without any snapshot is left out.
 */
export function trainedStretches(snapshots: readonly TreeSnapshot[]): readonly TrainedStretch[] {
  const isTrained = ({ kind, step }: TreeSnapshot) => kind === "trained" && step > 0;
  let lastStep = 0;
  for (const snapshot of snapshots)
    if (isTrained(snapshot)) lastStep = Math.max(lastStep, snapshot.step);
  const length = Math.max(medianGeneration(snapshots), lastStep / maxStretches);
  const stretches: TreeSnapshot[][] = [];
  for (const snapshot of snapshots) {
    if (!isTrained(snapshot)) continue;
    const index = Math.ceil(snapshot.step / length - 1e-9) - 1;
    stretches[index] ??= [];
    stretches[index].push(snapshot);
  }
  return Object.entries(stretches).map(([index, snapshots]) => ({
    fromStep: Number(index) * length,
    toStep: (Number(index) + 1) * length,
    meanStep: snapshots.reduce((sum, { step }) => sum + step, 0) / snapshots.length,
    snapshots,
  }));
}

/**
 * The values of a population in each stretch. `value` gives undefined for a snapshot that has
 * none.
 */
export function distribution<V extends HyperparameterValue>(
  stretches: readonly TrainedStretch[],
  value: (snapshot: TreeSnapshot) => V | undefined,
): readonly Stretch<V>[] {
  return stretches.map(({ fromStep, toStep, meanStep, snapshots }) => {
    const values: V[] = [];
    for (const snapshot of snapshots) {
      const given = value(snapshot);
      if (given !== undefined) values.push(given);
    }
    return { fromStep, toStep, meanStep, values };
  });
}

/** The median number of steps from a member's trained snapshot to its next one. */
function medianGeneration(snapshots: readonly TreeSnapshot[]): number {
  const before = new Map<number, number>();
  const lengths = new Float64Array(snapshots.length);
  let count = 0;
  for (const { kind, step, member, memberSteps } of snapshots) {
    if (kind !== "trained" || step === 0) continue;
    const length = memberSteps - (before.get(member) ?? 0);
    if (length > 0) lengths[count++] = length;
    before.set(member, memberSteps);
  }
  return count === 0 ? 1 : quantile(lengths.subarray(0, count).sort(), 0.5);
}

export function sorted(values: readonly number[]): Float64Array {
  return new Float64Array(values).sort();
}

/**
 * A quantile of sorted values, between two of them by their distance (Hyndman and Fan 1996,
 * definition 7). NaN for no values.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
