import type { LiveRun } from "./live-run.ts";

/** What a view shows. It grows by leaps, so that most frames draw only what is new. */
export interface Frame {
  readonly lastStep: number;
  readonly lastGeneration: number;
  /** The score at the lower and at the upper edge. */
  readonly low: number;
  readonly high: number;
}

/** The frame as it was while everything fits, and else a new one with room. */
export function frameOf(run: LiveRun, before: Frame | undefined): Frame {
  const best = run.best?.score;
  const fits =
    before !== undefined &&
    run.lastStep <= before.lastStep &&
    run.lastGeneration <= before.lastGeneration &&
    (best === undefined || (best >= before.low && best <= before.high));
  if (fits) return before;
  const scores = run.stretches.flatMap(({ score }) => score ?? []).sort((a, b) => a - b);
  const at = (share: number) => scores[Math.floor(share * (scores.length - 1))] ?? 0;
  // A few that diverge would hide all others.
  const [low, high] = run.direction === "maximize" ? [at(0.05), at(1)] : [at(0), at(0.95)];
  const room = 0.1 * (high - low || Math.abs(high) || 1);
  return {
    lastStep: Math.max(1, run.lastStep * 1.3),
    lastGeneration: Math.max(4, Math.ceil(run.lastGeneration * 1.3)),
    low: low - room,
    high: high + room,
  };
}
