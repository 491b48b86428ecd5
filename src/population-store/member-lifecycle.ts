/**
 * One life of a member, whatever keeps it: who may be claimed, whether a claim still holds, and
 * what a claim, a publication, a failure and a resumption do to a member and its run. The stores
 * in memory and in SQLite call these; PostgreSQL's functions do the same, and are held to these by
 * a test.
 */
import type { Decision } from "../algorithm/population-based-training.ts";
import { type CheckpointId, ordinalOf, type Snapshot } from "../algorithm/snapshot.ts";
import type { Claim, MemberState, Publication, RunState, WorkerId } from "./population-store.ts";

/** A member as a store keeps it. */
export interface StoredMember {
  readonly state: MemberState;
  /** The ordinal of its newest snapshot, and that one's generation and steps. */
  readonly newest: number;
  readonly generation: number;
  readonly steps: number;
  /** The newest snapshot ended a generation, and nobody has decided about it. */
  readonly undecided: boolean;
  /** Since it last published and was given back. */
  readonly failures: number;
  /** At the end of which generation it was last restarted; 0 if it never was. */
  readonly restarted: number;
  /** Counts its claims. */
  readonly fencingToken: number;
  /** Who has claimed it. */
  readonly worker: WorkerId | null;
  /**
   * Until when the claim holds, or until when it rests where nobody has claimed it: Unix time in
   * milliseconds.
   */
  readonly until: number;
  /** A checkpoint that is being saved, or awaits its publication. */
  readonly reserved: CheckpointId | null;
  /** What the claim goes on from, where that differs from the newest; its checkpoint stays. */
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
 * Of those that may be claimed the least advanced comes first; in a synchronous run nobody does
 * who is ahead of another active one.
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

/**
 * Why a claim does not hold any more, or undefined while it does. A lease that has run out holds
 * until another claims the member.
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

/** It is free, but rests until then. */
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

/** Whether the worker goes on with its claim, and the member keeps its failures. */
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

/** What is newest stays where nothing is appended. */
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
 * Whoever has failed gets another chance. With another budget, given in steps of a member,
 * everybody goes on whom it leaves some, but whom a strategy has stopped.
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

/** Why a publication ends its run at once, if it does. The steps are those of all members. */
export function endedBy(publication: Publication, totalSteps: () => number): string | undefined {
  if (publication.kind === "ended") return publication.reason;
  if (publication.kind !== "trained" || !publication.ends) return undefined;
  const { reason, atTotalSteps } = publication.ends;
  return atTotalSteps === undefined || totalSteps() >= atTotalSteps ? reason : undefined;
}

/** Why a run is done, when this publication finishes its last active member. */
export function reasonOf(publication: Publication): string | undefined {
  return publication.kind === "left" ? publication.reason : undefined;
}

/** How a run ends whose members are in these states, or undefined while one of them is active. */
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

/** Why a run is done whose members all are. */
function everybodyIsDone(states: readonly MemberState[]): string {
  const givenUp = states.includes("failed") ? "that was not given up " : "";
  const stopped = states.includes("stopped");
  const spent = states.includes("finished");
  const ends = [...(stopped ? ["was stopped"] : []), ...(spent ? ["has spent its budget"] : [])];
  return `every member ${givenUp}${ends.join(" or ")}`;
}
