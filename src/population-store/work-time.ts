/**
 * How long somebody has worked on a run: the time in which at least one member was claimed. A
 * store adds it up when a run is claimed after a pause, so it costs no message and no write of its
 * own. Times are Unix times in milliseconds.
 */
import type { Run } from "./population-store.ts";

/** A shorter pause counts as work, such as that between a publication and the next claim. */
export const pauseMs = 5_000;

/** Before `runningSince`, and since when somebody works without a pause. */
export type WorkTime = Pick<Run, "elapsedMs" | "runningSince">;

/** As it is now, when a member was last claimed, or is, until `activeUntil`. */
export function workTime(kept: WorkTime, activeUntil: number, now: number): WorkTime {
  const { elapsedMs, runningSince } = kept;
  if (runningSince === undefined || activeUntil >= now) return kept;
  return { elapsedMs: elapsedMs + Math.max(0, activeUntil - runningSince) };
}

/** What a claim begins: the end of a pause, or nothing. */
export function workTimeOfClaim(
  kept: WorkTime,
  activeUntil: number,
  now: number,
): Required<WorkTime> {
  const { elapsedMs, runningSince } = kept;
  if (runningSince !== undefined && activeUntil + pauseMs >= now)
    return { elapsedMs, runningSince };
  return { elapsedMs: workTime(kept, activeUntil, now).elapsedMs, runningSince: now };
}

/** Nobody has claimed a member of the run yet. */
export function hasNotBegun({ state, elapsedMs, runningSince }: Run): boolean {
  return state.kind === "running" && elapsedMs === 0 && runningSince === undefined;
}
