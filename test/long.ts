/**
 * What a short run of the tests leaves out: long waits, many repetitions of one kind, and real
 * faults of which the simulation has a thousand. `npm run test:long` has everything.
 */

export const isLong = process.env.CLADE_LONG === "1";

/** For the end of a title: the reason for which a test was skipped. */
export const inLongRuns = isLong ? "" : " (npm run test:long)";

/** How much of something a test does. */
export function figure(short: number, long: number): number {
  return isLong ? long : short;
}

/** The cases of one kind that a run tries: some of them, or all. */
export function some<T>(short: readonly T[], long: readonly T[]): readonly T[] {
  return isLong ? [...short, ...long] : short;
}
