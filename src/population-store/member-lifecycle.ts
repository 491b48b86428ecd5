/**
 * The life of a member, for every store: whether it can be claimed, whether a claim still holds,
 * and what a claim, a publication, a failure and a resumption do to a member and its run. The
 * memory and SQLite stores call these functions. PostgreSQL's functions do the same, and a test
 * checks that they agree.
 */
import type { Decision } from "../algorithm/population-based-training.ts";
import { type CheckpointId, ordinalOf, type Snapshot } from "../algorithm/snapshot.ts";
import type {
  Claim,
  Member,
  MemberState,
  Publication,
  RunId,
  RunState,
  WorkerId,
} from "./population-store.ts";

/** A member as a store keeps it. */
export interface StoredMember {
  readonly state: MemberState;
  /** The ordinal of its newest snapshot, with that snapshot's generation and steps. */
  readonly newest: number;
  readonly generation: number;
  readonly steps: number;
  /** The newest snapshot ended a generation, and the decision about it is still to be made. */
  readonly undecided: boolean;
  /** The number of failures since it last published and was given back. */
  readonly failures: number;
  /** The generation at whose end it was last restarted; 0 if it never was. */
  readonly restarted: number;
  /** Counts its claims. */
  readonly fencingToken: number;
  /** The worker that has claimed it. */
  readonly worker: WorkerId | null;
  /**
   * The end of the claim, or of the member's rest if no worker has claimed it, as Unix time in
   * milliseconds.
   */
  readonly until: number;
  /** A checkpoint that is being saved, or that awaits its publication. */
  readonly reserved: CheckpointId | null;
  /**
   * The snapshot that the claim continues from, if that is not the newest. Its checkpoint stays.
   */
  readonly begun: Snapshot | null;
}

export const newMember: StoredMember = {
  state: "active",
  newest: 0,
  generation: 0,
  steps: 0,
  undecided: false,
  failures: 0,
  restarted: 0,
  fencingToken: 0,
  worker: null,
  until: 0,
  reserved: null,
  begun: null,
};

/**
 * Whether a member can be claimed. The least advanced comes first. In a synchronous run a member
 * that is ahead of another active one cannot be claimed.
 */
export function isClaimable({ state, until }: StoredMember, time: number): boolean {
  return state === "active" && until <= time;
}

export function afterClaim(member: StoredMember, worker: WorkerId, until: number): StoredMember {
  return {
    ...member,
    fencingToken: member.fencingToken + 1,
    worker,
    until,
    reserved: null,
    begun: null,
  };
}

/** The claim of the worker that holds a member. */
export function claimOn(
  run: RunId,
  member: number,
  held: StoredMember,
  facts: Pick<Claim, "newest" | "hasFailed" | "elapsedMs">,
): Claim {
  const { worker, fencingToken, undecided, failures, restarted } = held;
  return { run, worker: worker!, member, fencingToken, undecided, failures, restarted, ...facts };
}

/** A member as others see it. `until` is the stored time by this machine's clock. */
export function visibleMember(
  member: number,
  stored: StoredMember,
  newest: Snapshot,
  now: number,
  until = stored.until,
): Member {
  const { state, failures, worker, begun } = stored;
  return {
    member,
    state,
    newest,
    ...(begun && { begun }),
    failures,
    ...(worker !== null && { lease: { worker, until } }),
    ...(worker === null && stored.until > now && { restsUntil: until }),
  };
}

/**
 * Why a claim no longer holds; undefined while it does. An expired lease holds until another
 * worker claims the member.
 */
export function whyClaimIsLost(
  { fencingToken, worker }: Pick<Claim, "fencingToken" | "worker">,
  member: Pick<StoredMember, "fencingToken" | "worker"> | undefined,
  run: RunState["kind"] | undefined,
): string | undefined {
  if (!member || run === undefined) return "the run was removed";
  if (run !== "running") return "the run is not running";
  if (member.fencingToken !== fencingToken) return "another worker has claimed it";
  if (member.worker === null) return "it was given back";
  if (member.worker !== worker) return "another worker has claimed it";
  return undefined;
}

/** The member is free, but rests until the given time. */
export function afterRelease(member: StoredMember, restsUntil = 0): StoredMember {
  return { ...member, worker: null, until: restsUntil, reserved: null, begun: null };
}

/** What a publication appends, in order. */
export function appendedBy(publication: Publication): {
  readonly snapshots: readonly Snapshot[];
  readonly decision?: Decision;
} {
  if (publication.kind === "ended") return { snapshots: [] };
  const { decision, snapshot } = publication;
  const from = "from" in publication ? publication.from : undefined;
  const snapshots = [from, snapshot].filter((appended) => appended !== undefined);
  return { snapshots, ...(decision && { decision }) };
}

/** Whether the worker keeps its claim, and the member its failures. */
export function keepsClaim({ kind }: Publication): boolean {
  return kind === "evaluated" || kind === "rescued";
}

/** Whether the newest snapshot then awaits a decision. */
export function isUndecidedAfter(publication: Publication): boolean {
  return publication.kind === "trained" && !publication.isLast;
}

/** How the member leaves the run, if it does. */
export function stateAfter(publication: Publication): MemberState | undefined {
  if (publication.kind === "left") return publication.state;
  return publication.kind === "trained" && publication.isLast ? "finished" : undefined;
}

/** If nothing is appended, the newest snapshot stays. */
export function afterPublication(member: StoredMember, publication: Publication): StoredMember {
  const { snapshots } = appendedBy(publication);
  const newest = snapshots.at(-1);
  const restarted = snapshots.find(({ kind }) => kind === "restarted");
  const after = keepsClaim(publication)
    ? { ...member, reserved: null, begun: null }
    : { ...afterRelease(member), failures: 0 };
  return {
    ...after,
    state: stateAfter(publication) ?? member.state,
    newest: newest ? ordinalOf(newest.id) : member.newest,
    generation: newest?.generation ?? member.generation,
    steps: newest?.memberSteps ?? member.steps,
    undecided: isUndecidedAfter(publication),
    restarted: restarted?.generation ?? member.restarted,
  };
}

export function afterFailure(
  member: StoredMember,
  state: MemberState,
  restsUntil: number,
): StoredMember {
  return { ...afterRelease(member, restsUntil), state, failures: member.failures + 1 };
}

/**
 * A failed member gets another chance. With a new budget in steps per member, every member with
 * steps left continues, except those that a strategy has stopped.
 */
export function afterResumption(
  member: StoredMember,
  stepsPerMember: number | undefined,
): StoredMember {
  const { state, steps, worker, until } = member;
  const rested = { ...member, failures: 0, until: worker === null ? 0 : until };
  if (state === "stopped") return rested;
  if (stepsPerMember !== undefined)
    return { ...rested, state: steps < stepsPerMember ? "active" : "finished" };
  return { ...rested, state: state === "failed" ? "active" : state };
}

/**
 * Why a publication ends its run at once; undefined if it does not. The steps are those of all
 * members together.
 */
export function endedBy(publication: Publication, totalSteps: () => number): string | undefined {
  if (publication.kind === "ended") return publication.reason;
  if (publication.kind !== "trained" || !publication.ends) return undefined;
  const { reason, atTotalSteps } = publication.ends;
  return atTotalSteps === undefined || totalSteps() >= atTotalSteps ? reason : undefined;
}

/** Why a run is done, if this publication finishes its last active member. */
export function reasonOf(publication: Publication): string | undefined {
  return publication.kind === "left" ? publication.reason : undefined;
}

/** How a run with members in these states ends; undefined while a member is active. */
export function runStateAfter(
  members: Iterable<MemberState>,
  reason?: string,
): RunState | undefined {
  const states = [...new Set(members)];
  if (states.includes("active")) return undefined;
  if (states.every((state) => state === "failed"))
    return { kind: "failed", reason: "every member failed" };
  return { kind: "done", reason: reason ?? everybodyIsDone(states) };
}

/** Why a run is done when all of its members are. */
function everybodyIsDone(states: readonly MemberState[]): string {
  const givenUp = states.includes("failed") ? "that was not given up " : "";
  const stopped = states.includes("stopped");
  const spent = states.includes("finished");
  const ends = [...(stopped ? ["was stopped"] : []), ...(spent ? ["has spent its budget"] : [])];
  return `every member ${givenUp}${ends.join(" or ")}`;
}
