import { quantileSorted } from "simple-statistics";
import { firstPlace } from "../../algorithm/bisect.ts";
import type { Direction } from "../../algorithm/population.ts";
import { isBetter } from "../../algorithm/population.ts";
import { interquartileMean } from "./interquartile-mean.ts";
import type { Progress } from "./progress.ts";

/** The best score so far over a variant's seeds, at places that are the same for all of them. */
export interface Curve {
  /** Total training steps, or seconds. */
  readonly x: readonly number[];
  readonly iqm: readonly number[];
  /** The quartiles of the seeds. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const places = 60;

/**
 * The curve over steps or seconds, from where every seed has a score to where the first of them
 * ends, so that all places show the same seeds. Undefined when no run has that axis, or when they
 * do not overlap.
 */
export function curveOf(runs: readonly Progress[], axis: "steps" | "seconds"): Curve | undefined {
  const series = runs.flatMap((run) => {
    const x = run[axis];
    return x && x.length > 0 ? [{ x, best: run.best }] : [];
  });
  const start = Math.max(...series.map(({ x }) => x[0]!));
  const end = Math.min(...series.map(({ x }) => x.at(-1)!));
  if (series.length === 0 || end < start) return undefined;
  const x = Array.from(
    { length: places },
    (_, place) => start + ((end - start) * place) / (places - 1),
  );
  // Rounding may put the last place beyond the end.
  x[places - 1] = end;
  const at = x.map((place) =>
    series
      .map((run) => run.best[firstPlace(run.x, (value) => value > place) - 1]!)
      .sort((a, b) => a - b),
  );
  return {
    x,
    iqm: at.map(interquartileMean),
    low: at.map((values) => quantileSorted(values, 0.25)),
    high: at.map((values) => quantileSorted(values, 0.75)),
  };
}

/**
 * Where on the axis the median run had first reached the target. Undefined when half of the runs
 * never did, or none has that axis.
 */
export function medianReached(
  runs: readonly Progress[],
  axis: "steps" | "seconds",
  target: number,
  direction: Direction,
): number | undefined {
  const reached = runs
    .flatMap((run) => {
      const x = run[axis];
      if (!x) return [];
      const first = run.best.findIndex((score) => !isBetter(direction, target, score));
      return [first < 0 ? Number.POSITIVE_INFINITY : x[first]!];
    })
    .sort((a, b) => a - b);
  // The upper one of two in the middle, since a number and "never" have no mean.
  const middle = reached[Math.floor(reached.length / 2)];
  return middle === undefined || middle === Number.POSITIVE_INFINITY ? undefined : middle;
}
