import type { Hyperparameters, TreeSnapshot } from "./snapshot.ts";

/**
 * One generation of a lineage: training steps with the same hyperparameters, and the member that
 * did them.
 */
export interface ScheduleSegment<H = Hyperparameters> {
  /** The steps after `fromStep`, up to and with `toStep`, of the lineage. */
  readonly fromStep: number;
  readonly toStep: number;
  readonly member: number;
  readonly hyperparameters: H;
}

/**
 * The hyperparameters that a lineage was trained with, from the root on: one segment for each
 * generation.
 */
export function schedule(lineage: readonly TreeSnapshot[]): readonly ScheduleSegment[] {
  let fromStep = 0;
  return lineage.flatMap((snapshot) => {
    if (snapshot.kind !== "trained") return [];
    const { step: toStep, member, hyperparameters } = snapshot;
    const segment = { fromStep, toStep, member, hyperparameters };
    fromStep = toStep;
    return [segment];
  });
}

/**
 * Joins neighbours with equal hyperparameters to one segment, that of the first member, unless
 * `isSame` says that they differ.
 */
export function merged(
  segments: readonly ScheduleSegment[],
  isSame: (first: ScheduleSegment, second: ScheduleSegment) => boolean = () => true,
): readonly ScheduleSegment[] {
  const result: ScheduleSegment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    if (last && isSame(last, segment) && areEqual(last.hyperparameters, segment.hyperparameters))
      result[result.length - 1] = { ...last, toStep: segment.toStep };
    else result.push(segment);
  }
  return result;
}

/** Whether all values are the same, in any order. */
function areEqual(first: Hyperparameters, second: Hyperparameters): boolean {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].every((name) => first[name] === second[name]);
}
