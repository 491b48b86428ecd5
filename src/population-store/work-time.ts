/**
 * The work time of a run: the time during which at least one member was claimed. A store adds it
 * up when a run is claimed after a pause, so it costs no extra message or write. Times are Unix
 * times in milliseconds.
 */
import type { Run } from "./population-store.ts";

/** A shorter pause counts as work, such as the one between a publication and the next claim. */
export const pauseMs = 5_000;

/** The work time before `runningSince`, and since when workers have worked without a pause. */
export type WorkTime = Pick<Run, "elapsedMs" | "runningSince">;

/** The work time now, if a member was or is claimed until `activeUntil`. */
export function workTime(kept: WorkTime, activeUntil: number, now: number): WorkTime {
  const { elapsedMs, runningSince } = kept;
  if (runningSince === undefined || activeUntil >= now) return kept;
  return { elapsedMs: elapsedMs + Math.max(0, activeUntil - runningSince) };
}

/** What a claim changes: it ends a pause, or changes nothing and returns what it was given. */
export function workTimeOfClaim(
  kept: WorkTime,
  lastPublished: number,
  activeUntil: () => number,
  now: number,
): WorkTime {
  const isWithoutPause = (until: number) =>
    kept.runningSince !== undefined && until + pauseMs >= now;
  // Most claims follow a publication, and need no further look.
  if (isWithoutPause(lastPublished)) return kept;
  const until = activeUntil();
  if (isWithoutPause(until)) return kept;
  return { elapsedMs: workTime(kept, until, now).elapsedMs, runningSince: now };
}

/** No member of the run has been claimed yet. */
export function hasNotBegun({ state, elapsedMs, runningSince }: Run): boolean {
  return state.kind === "running" && elapsedMs === 0 && runningSince === undefined;
}
