/** The standing of a failed member, read from the store. The rules are in `standing.ts`. */
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type {
  Claim,
  Failure,
  PopulationStore,
  RunId,
  WorkerId,
} from "../population-store/population-store.ts";
import { soundOthers } from "./others.ts";
import {
  alwaysFailed,
  countOf,
  isGivenUp,
  needsRescue,
  pauseMs,
  placeOf,
  type Trouble,
  troubleOf,
} from "./standing.ts";

/** The worker that looks, and its patience. */
export interface Onlooker {
  readonly populationStore: PopulationStore;
  readonly run: RunId;
  readonly worker: WorkerId;
  readonly patienceMs: number;
  readonly now: () => number;
}

type Member = Pick<Claim, "member" | "failures">;

/** How many of a member's last failures are considered. */
const maxLessons = 200;

/** Since it last published, the latest first. */
export async function failuresOf(
  { populationStore, run }: Onlooker,
  { member, failures }: Member,
): Promise<readonly Failure[]> {
  return failures > 0 ? await populationStore.failuresOf(run, member, failures) : [];
}

/** A member's failures and rescues since it last published. */
export async function troubleOfMember(onlooker: Onlooker, member: Member): Promise<Trouble> {
  return await troubleAfter(onlooker, member.member, await failuresOf(onlooker, member));
}

/** Whether the member should continue from a donor. */
export async function isRescueDue(onlooker: Onlooker, trouble: Trouble): Promise<boolean> {
  return needsRescue(trouble, await count(onlooker, trouble));
}

/** The hyperparameters with which a member has always failed in this run. */
export async function lessonsOf(
  { populationStore, run }: Onlooker,
  { member, hasFailed }: Pick<Claim, "member" | "hasFailed">,
): Promise<readonly Hyperparameters[]> {
  if (!hasFailed) return [];
  return alwaysFailed(await populationStore.failuresOf(run, member, maxLessons));
}

/**
 * Records a member's failure. The member then rests or, if it has failed too often, is given up.
 * `before` are its failures since it last published, latest first.
 */
export async function recordFailure(
  onlooker: Onlooker,
  claim: Claim,
  failure: Failure,
  before: readonly Failure[],
  isWithoutDonor: boolean,
): Promise<void> {
  const trouble = await troubleAfter(onlooker, claim.member, [failure, ...before]);
  const isOver = isGivenUp(trouble, await count(onlooker, trouble), isWithoutDonor);
  const rests =
    failure.against !== "worker" && failure.cause !== "contract" && onlooker.patienceMs > 0;
  const restMs = rests ? pauseMs(trouble.failures.length) : 0;
  const state = isOver ? "failed" : "active";
  await onlooker.populationStore.recordFailure(claim, failure, state, restMs);
}

async function troubleAfter(
  { populationStore, run }: Onlooker,
  member: number,
  failures: readonly Failure[],
): Promise<Trouble> {
  return await troubleOf(failures, populationStore.history(run, member));
}

async function count(onlooker: Onlooker, trouble: Trouble): Promise<number> {
  const { populationStore, run, worker, patienceMs, now } = onlooker;
  const others = await soundOthers(populationStore, run, worker, now());
  return countOf(trouble, { patienceMs, others: new Set(others.map(placeOf)) });
}
