/**
 * What becomes of a member that fails: its generation is repeated, it goes on from a donor, or the
 * run goes on without it.
 */
import {
  type Hyperparameters,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
} from "../algorithm/snapshot.ts";
import type {
  Blamed,
  Failure,
  FailureCause,
  WorkerId,
} from "../population-store/population-store.ts";
import { hostOf } from "../population-store/run-worker.ts";

/**
 * So many failures that count bring a rescue; so many more after the last, or twice as many where
 * nobody could help, end the member.
 */
const failuresUntilRescue = 2;
/** The first explores, and the second does not. */
const maxRescues = 2;

/**
 * The first pause between two tries of a member, or of a worker; the next are twice as long each.
 */
const firstPauseMs = 1_000;
const maxPauseMs = 60_000;

/**
 * How long a worker on which everything fails tries itself, and the pauses of a member that is
 * always ended from outside are together.
 */
export const defaultPatienceMs = 600_000;

/** The pause before the try of a number, from 1. */
export function pauseMs(tries: number): number {
  return Math.min(maxPauseMs, firstPauseMs * 2 ** (tries - 1));
}

/** Where a worker trains: workers of one host and device have the same troubles. */
export function placeOf({ worker, device }: Pick<Failure, "worker" | "device">): string {
  return JSON.stringify([hostOf(worker), device]);
}

/**
 * Whom a failure counts against. A worker whose trial fails, too, is at fault, but not twice for
 * one member: it has succeeded in a trial since then, so what brings it down again comes with the
 * member. `before` are the member's failures since it last published.
 */
export function blamed(
  { worker, cause }: { readonly worker: WorkerId; readonly cause: FailureCause },
  failsInTrial: boolean,
  before: readonly Failure[],
): Blamed {
  const hasComeBack = before.some(
    (failure) => failure.worker === worker && failure.against === "worker",
  );
  if (failsInTrial && !hasComeBack) return "worker";
  return cause === "outside" ? "nobody" : "member";
}

/** A member since it last published a trained snapshot. */
export interface Trouble {
  /** Oldest first. */
  readonly failures: readonly Failure[];
  /** How often it was rescued meanwhile. */
  readonly rescues: number;
}

/**
 * `failures` are a member's last ones, as many as it has had since it last published, the latest
 * first; `history` its snapshots, newest first.
 */
export async function troubleOf(
  failures: readonly Failure[],
  history: AsyncIterable<Snapshot>,
): Promise<Trouble> {
  const since = failures.toReversed().filter(({ against }) => against !== "worker");
  const first = since.find(({ snapshot }) => snapshot !== undefined)?.snapshot;
  if (first === undefined) return { failures: since, rescues: 0 };
  const rescues: SnapshotId[] = [];
  for await (const { id, kind } of history) {
    if (ordinalOf(id) <= ordinalOf(first)) break;
    // Nothing else copies into a member that has failed and not published since.
    if (kind === "copied") rescues.push(id);
  }
  const last = rescues[0] === undefined ? 0 : ordinalOf(rescues[0]);
  const isAfter = ({ snapshot }: Failure) => snapshot !== undefined && ordinalOf(snapshot) >= last;
  return { failures: last === 0 ? since : since.filter(isAfter), rescues: rescues.length };
}

/**
 * How many failures count against a member. Those of its own do, once it has failed in two places,
 * or no sound worker is in another to try it. What ended it from outside, or only in one place of
 * several, counts when its pauses together are as long as the patience: the time in which it
 * trained does not count, so a long generation may be ended as often as a short one. A broken
 * contract counts at once: it would be broken anywhere.
 */
export function countOf(
  { failures }: Trouble,
  given: { readonly patienceMs: number; readonly others: ReadonlySet<string> },
): number {
  const pausesMs = failures.slice(1).reduce((sum, _, index) => sum + pauseMs(index + 1), 0);
  if (pausesMs >= given.patienceMs) return failures.length;
  const broken = failures.filter(({ cause }) => cause === "contract");
  const own = failures.filter(({ against }) => against === "member");
  const places = new Set(own.map(placeOf));
  const couldTryElsewhere = [...given.others].some((place) => !places.has(place));
  return places.size > 1 || !couldTryElsewhere ? own.length : broken.length;
}

/** Whether it is to go on from a donor. */
export function needsRescue(trouble: Trouble, count: number): boolean {
  return trouble.rescues < maxRescues && count >= failuresUntilRescue;
}

/**
 * Whether the run goes on without it. `isWithoutDonor` says that it was tried although a rescue
 * was due; more tries mend no broken contract.
 */
export function isGivenUp(
  { rescues, failures }: Trouble,
  count: number,
  isWithoutDonor: boolean,
): boolean {
  if (rescues < maxRescues && !isWithoutDonor) return false;
  const isLast = rescues > 0 || failures.every(({ cause }) => cause === "contract");
  return count >= (isLast ? failuresUntilRescue : 2 * failuresUntilRescue);
}

/** With what a member has failed as often as brings a rescue. */
export function alwaysFailed(failures: readonly Failure[]): Hyperparameters[] {
  const own = failures.flatMap(({ against, hyperparameters }) =>
    against === "member" && hyperparameters ? [hyperparameters] : [],
  );
  const same = [...Map.groupBy(own, (values) => JSON.stringify(values)).values()];
  return same.filter(({ length }) => length >= failuresUntilRescue).map(([values]) => values!);
}
