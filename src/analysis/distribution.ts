import type { HyperparameterValue, TreeSnapshot } from "../algorithm/snapshot.ts";

/** The trained snapshots of a stretch of steps, all members together. */
export interface Stretch<V extends HyperparameterValue = HyperparameterValue> {
  /** After `fromStep`, up to and with `toStep`, of the lineages. */
  readonly fromStep: number;
  readonly toStep: number;
  /** The mean of their steps. */
  readonly meanStep: number;
  /** Of those snapshots that have one. */
  readonly values: readonly V[];
}

/** More stretches than this could not be told apart. */
const mostStretches = 120;

/**
 * The values of a population over the steps of its lineages, in stretches of equal length: about a generation, or longer in a long
 * run. A stretch without any snapshot is left out. `value` gives undefined for a snapshot that has none.
 */
export function distribution<V extends HyperparameterValue>(
  snapshots: readonly TreeSnapshot[],
  value: (snapshot: TreeSnapshot) => V | undefined,
): readonly Stretch<V>[] {
  const trained = snapshots.filter(({ kind, step }) => kind === "trained" && step > 0);
  if (trained.length === 0) return [];
  const lastStep = trained.reduce((most, { step }) => Math.max(most, step), 0);
  const length = Math.max(usualGeneration(trained), lastStep / mostStretches);
  const stretches: { fromStep: number; toStep: number; steps: number[]; values: V[] }[] = [];
  for (const snapshot of trained) {
    const index = Math.ceil(snapshot.step / length - 1e-9) - 1;
    stretches[index] ??= { fromStep: index * length, toStep: (index + 1) * length, steps: [], values: [] };
    stretches[index].steps.push(snapshot.step);
    const given = value(snapshot);
    if (given !== undefined) stretches[index].values.push(given);
  }
  return Object.values(stretches).map(({ steps, ...stretch }) => ({
    ...stretch,
    meanStep: steps.reduce((sum, step) => sum + step, 0) / steps.length,
  }));
}

/** The median number of steps from a member's trained snapshot to its next one. */
function usualGeneration(trained: readonly TreeSnapshot[]): number {
  const before = new Map<number, number>();
  const lengths: number[] = [];
  for (const { member, memberSteps } of trained) {
    const length = memberSteps - (before.get(member) ?? 0);
    if (length > 0) lengths.push(length);
    before.set(member, memberSteps);
  }
  return lengths.length === 0 ? 1 : quantile(sorted(lengths), 0.5);
}

export function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** A quantile of sorted values, between two of them by their distance (Hyndman and Fan 1996, definition 7). NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
