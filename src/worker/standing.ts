/**
 * What happens to a member that fails: its generation is repeated, it continues from a donor, or
 * the run continues without it.
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
 * This many counted failures lead to a rescue. This many more after the last rescue, or twice as
 * many without a donor, end the member.
 */
const failuresUntilRescue = 2;
/** The first rescue explores, the second does not. */
const maxRescues = 2;

/**
 * The first pause between two attempts of a member, or of a worker. Each next pause is twice as
 * long.
 */
const firstPauseMs = 1_000;
const maxPauseMs = 60_000;

/**
 * How long a worker on which everything fails tests itself. Also the total of the pauses of a
 * member that is always ended from outside.
 */
export const defaultPatienceMs = 600_000;

/** The pause before an attempt; attempts are counted from 1. */
export function pauseMs(tries: number): number {
  return Math.min(maxPauseMs, firstPauseMs * 2 ** (tries - 1));
}

/** Where a worker trains. Workers of one host and device share their problems. */
export function placeOf({ worker, device }: Pick<Failure, "worker" | "device">): string {
  return JSON.stringify([hostOf(worker), device]);
}

/**
 * Whom a failure counts against. A worker whose trial also fails is at fault, but not twice for
 * one member: it has passed a trial since then, so the member causes the second failure. `before`
 * are the member's failures since it last published.
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
  /** The number of its rescues since then. */
  readonly rescues: number;
}

/**
 * `failures` are a member's failures since it last published, latest first. `history` has its
 * snapshots, newest first.
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
    // Only a rescue copies into a member that has failed and not published since.
    if (kind === "copied") rescues.push(id);
  }
  const last = rescues[0] === undefined ? 0 : ordinalOf(rescues[0]);
  const isAfter = ({ snapshot }: Failure) => snapshot !== undefined && ordinalOf(snapshot) >= last;
  return { failures: last === 0 ? since : since.filter(isAfter), rescues: rescues.length };
}

/**
 * How many failures count against a member. Its own failures count once it has failed in two
 * places, or if no sound worker in another place can try it. Being ended from outside, or failing
 * in only one place of several, counts once its pauses add up to the patience. Its training time
 * is not included, so a long generation may be ended as often as a short one. A broken contract
 * counts at once, because it would be broken anywhere.
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

/** Whether it should continue from a donor. */
export function needsRescue(trouble: Trouble, count: number): boolean {
  return trouble.rescues < maxRescues && count >= failuresUntilRescue;
}

/**
 * Whether the run continues without it. `isWithoutDonor` says that it was tried although a rescue
 * was due. More attempts do not help with a broken contract.
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

/** The hyperparameters with which a member has failed often enough for a rescue. */
export function alwaysFailed(failures: readonly Failure[]): Hyperparameters[] {
  const own = failures.flatMap(({ against, hyperparameters }) =>
    against === "member" && hyperparameters ? [hyperparameters] : [],
  );
  const same = [...Map.groupBy(own, (values) => JSON.stringify(values)).values()];
  return same.filter(({ length }) => length >= failuresUntilRescue).map(([values]) => values!);
}
