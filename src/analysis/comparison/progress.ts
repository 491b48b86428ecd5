import { isBetter } from "../../algorithm/population.ts";
import { isEarned } from "../../algorithm/snapshot.ts";
import type { History } from "../history.ts";

/**
 * The best score so far in one run, at each publication that raised it, and once more at the end.
 */
export interface Progress {
  /** Training steps of all members together. */
  readonly steps: readonly number[];
  /**
   * Since the run was created. Absent for a run that was stopped in between, since its clock
   * continued meanwhile.
   */
  readonly seconds?: readonly number[];
  readonly best: readonly number[];
}

/**
 * Idle time up to this does not count as a stop: the first worker takes time to start, and clocks
 * of machines differ.
 */
const pauseSeconds = 2;
const pauseShare = 0.05;

export function progressOf({ run, snapshots, seconds: running }: History): Progress {
  const steps: number[] = [];
  const seconds: number[] = [];
  const best: number[] = [];
  const memberSteps: number[] = [];
  let total = 0;
  let last: number | undefined;
  let end = run.createdAt;
  for (const snapshot of snapshots) {
    end = Math.max(end, snapshot.publishedAt);
    if (!isEarned(snapshot)) continue;
    total += snapshot.memberSteps - (memberSteps[snapshot.member] ?? 0);
    memberSteps[snapshot.member] = snapshot.memberSteps;
    if (!isBetter(run.experiment.objective.direction, snapshot.score, last)) continue;
    last = snapshot.score!;
    steps.push(total);
    seconds.push((end - run.createdAt) / 1000);
    best.push(last);
  }
  const span = (end - run.createdAt) / 1000;
  if (last !== undefined) {
    steps.push(total);
    seconds.push(span);
    best.push(last);
  }
  const isHonest = span - running <= pauseSeconds + pauseShare * span;
  return { steps, ...(isHonest && { seconds }), best };
}
