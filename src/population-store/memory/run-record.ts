/** A run as the memory store keeps it, and what is read of it or changed in it. */
import { firstPlace } from "../../algorithm/bisect.ts";
import { isBetterModel } from "../../algorithm/population.ts";
import type { Decision } from "../../algorithm/population-based-training.ts";
import {
  type CheckpointId,
  isEarned,
  memberOf,
  ordinalOf,
  type Snapshot,
} from "../../algorithm/snapshot.ts";
import { donorOf, keptSnapshots } from "../kept-checkpoints.ts";
import { isClaimable, newMember, type StoredMember } from "../member-lifecycle.ts";
import type {
  Failure,
  News,
  PublishedSnapshot,
  Run,
  RunNote,
  RunWorker,
  WorkerId,
} from "../population-store.ts";

export interface RunRecord {
  run: Run;
  readonly members: MemberRecord[];
  /**
   * The active members in the order in which they are claimed: least advanced first, then by
   * number.
   */
  readonly active: number[];
  /** In the order of publication, as strategies see them. */
  readonly snapshots: Snapshot[];
  /** The time and the worker of each publication. */
  readonly publications: Pick<PublishedSnapshot, "publishedAt" | "worker">[];
  readonly decisions: Decision[];
  readonly failures: Failure[];
  /** Of all members together. */
  steps: number;
  /** The end of the work on members that were given back. */
  workedUntil: number;
  readonly pins: Map<string, CheckpointId>;
  readonly notes: RunNote[];
  readonly workers: Map<WorkerId, RunWorker>;
  /** The time of the last turn to collect, and how much was published by then. */
  collected: { readonly at: number; readonly snapshots: number };
}

export interface MemberRecord {
  now: StoredMember;
  readonly history: Snapshot[];
  hasFailed: boolean;
}

export function newRecord(run: Run, count: number, time: number): RunRecord {
  const members = Array.from(
    { length: count },
    (): MemberRecord => ({ now: newMember, history: [], hasFailed: false }),
  );
  return {
    run,
    members,
    active: members.map((_, index) => index),
    snapshots: [],
    publications: [],
    decisions: [],
    failures: [],
    steps: 0,
    workedUntil: 0,
    pins: new Map(),
    notes: [],
    workers: new Map(),
    collected: { at: time, snapshots: count },
  };
}

/** The time until which a worker has worked on the run, or still works. */
export function activeUntil({ members, publications, workedUntil }: RunRecord): number {
  const leases = members.map(({ now: { worker, until } }) => (worker === null ? 0 : until));
  return Math.max(workedUntil, publications.at(-1)!.publishedAt, ...leases);
}

/** Changes a member, and keeps the order of the active ones. */
export function advance(record: RunRecord, index: number, next: StoredMember): void {
  const member = record.members[index]!;
  if (member.now.state === "active") record.active.splice(placeOf(record, index), 1);
  member.now = next;
  if (member.now.state === "active") record.active.splice(placeOf(record, index), 0, index);
}

function placeOf({ members, active }: RunRecord, index: number): number {
  const { generation } = members[index]!.now;
  return firstPlace(active, (other) => {
    const ahead = members[other]!.now.generation - generation;
    return ahead > 0 || (ahead === 0 && other >= index);
  });
}

export function newest({ history }: MemberRecord): Snapshot {
  return history[history.length - 1]!;
}

/** The free member to claim, if there is one. */
export function choose(
  { members, active, run }: RunRecord,
  time: number,
  warm: number | undefined,
): number | undefined {
  const isFree = (member: MemberRecord) => isClaimable(member.now, time);
  const free = active.find((index) => isFree(members[index]!));
  if (free === undefined) return undefined;
  const { generation } = members[free]!.now;
  // In a synchronous run a member that is behind holds back the others, even while it is leased.
  if (run.experiment.synchronous && members[active[0]!]!.now.generation < generation)
    return undefined;
  const held = warm === undefined ? undefined : members[warm];
  return held && isFree(held) && held.now.generation === generation ? warm : free;
}

export function newsOf({ snapshots }: RunRecord, since: number): News {
  return { snapshots: snapshots.slice(since).filter(isEarned), cursor: snapshots.length };
}

export function noteBest(record: RunRecord, member: MemberRecord): void {
  const best = bestOf(record);
  const candidate = newest(member);
  const { direction } = record.run.experiment.objective;
  if (!best || isBetterModel(direction, candidate, best))
    record.run = { ...record.run, best: candidate.id };
}

/** Whether a collection keeps the checkpoint that a snapshot was copied from. */
export function isKept(record: RunRecord, snapshot: Snapshot): boolean {
  const donor = donorOf(snapshot);
  if (donor === undefined || record.run.best === donor) return true;
  const kept = keptSnapshots(newestFirst(record.members[memberOf(donor)]!));
  return [...kept].some(({ id }) => id === donor);
}

export function bestOf({ run, members }: RunRecord): Snapshot | undefined {
  return run.best && members[memberOf(run.best)]!.history[ordinalOf(run.best)];
}

export function newestEarned({ history }: MemberRecord): Snapshot {
  return history.findLast(isEarned)!;
}

export function* newestFirst({ history }: MemberRecord): Generator<Snapshot> {
  for (let index = history.length - 1; index >= 0; index--) yield history[index]!;
}
