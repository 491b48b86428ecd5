/** What becomes of a member that fails: its generation is repeated, a donor takes its place, or the run goes on without it. */
import { ordinalOf, type Snapshot } from "../algorithm/snapshot.ts";
import type { Failure, WorkerId } from "../population-store/population-store.ts";

/** So many failures that count bring a rescue; so many more after it, or twice as many where nobody could help, end the member. */
const failuresUntilRescue = 2;

/** The first pause between two tries of a member, or of a worker; the next are twice as long each. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** The pause before the try of a number, from 1. */
export function pauseMs(tries: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
}

/** A member since it last published a trained snapshot. */
export interface Trouble {
  /** Oldest first. */
  readonly failures: readonly Failure[];
  /** It was rescued meanwhile. */
  readonly isRescued: boolean;
}

/** `failures` are a member's last ones, as many as it has had since it last published, the latest first; `history` its snapshots, newest first. */
export async function troubleOf(
  failures: readonly Failure[],
  history: AsyncIterable<Snapshot>,
): Promise<Trouble> {
  const since = failures.toReversed().filter(({ against }) => against !== "worker");
  const first = since.find(({ snapshot }) => snapshot !== undefined)?.snapshot;
  if (first === undefined) return { failures: since, isRescued: false };
  for await (const { id, kind } of history) {
    if (ordinalOf(id) <= ordinalOf(first)) break;
    // Nothing else copies into a member that has failed and not published since.
    if (kind !== "copied") continue;
    const isAfter = ({ snapshot }: Failure) => snapshot !== undefined && ordinalOf(snapshot) >= ordinalOf(id);
    return { failures: since.filter(isAfter), isRescued: true };
  }
  return { failures: since, isRescued: false };
}

/**
 * How many failures count against a member. Those of its own do, once it has failed on two workers, or nobody else is there to try it. What ended it from outside, or only on one
 * worker of several, counts when the member has had no success for as long as the patience lasts. A broken contract counts at once: it would be broken anywhere.
 */
export function countOf(
  { failures }: Trouble,
  given: { readonly now: number; readonly patienceMs: number; readonly others: ReadonlySet<WorkerId> },
): number {
  const [first] = failures;
  if (first && given.now - first.at >= given.patienceMs) return failures.length;
  const broken = failures.filter(({ cause }) => cause === "contract");
  const own = failures.filter(({ against }) => against === "member");
  const on = new Set(own.map(({ worker }) => worker));
  const couldTryElsewhere = [...given.others].some((worker) => !on.has(worker));
  return on.size > 1 || !couldTryElsewhere ? own.length : broken.length;
}

/** Whether a donor is to take its place. */
export function needsRescue(trouble: Trouble, count: number): boolean {
  return !trouble.isRescued && count >= failuresUntilRescue;
}

/** Whether the run goes on without it. */
export function isGivenUp(trouble: Trouble, count: number): boolean {
  return count >= (trouble.isRescued ? failuresUntilRescue : 2 * failuresUntilRescue);
}
