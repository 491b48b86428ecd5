/** A run as the memory store keeps it, and what is read of it or changed in it. */
import { firstPlace } from "../../algorithm/bisect.ts";
import { isBetterModel } from "../../algorithm/population.ts";
import type { Decision } from "../../algorithm/population-based-training.ts";
import {
  type CheckpointId,
  memberOf,
  ordinalOf,
  type Snapshot,
} from "../../algorithm/snapshot.ts";
import { isClaimable, newMember, type StoredMember } from "../member-lifecycle.ts";
import type {
  Cursor,
  Failure,
  News,
  PublishedSnapshot,
  Run,
  RunNote,
  RunWorker,
  WorkerId,
} from "../population-store.ts";

export class MemberRecord {
  now: StoredMember = newMember;
  readonly history: Snapshot[] = [];
  hasFailed = false;

  get newest(): Snapshot {
    return this.history[this.history.length - 1]!;
  }

  *newestFirst(): Generator<Snapshot> {
    const { history } = this;
    for (let index = history.length - 1; index >= 0; index--) yield history[index]!;
  }
}

/** The time and the worker of a publication. */
export type Publishing = Pick<PublishedSnapshot, "publishedAt" | "worker">;

export class RunRecord {
  run: Run;
  readonly members: readonly MemberRecord[];
  /**
   * The active members in the order in which they are claimed: least advanced first, then by
   * number.
   */
  readonly active: number[];
  /** In the order of publication, as strategies see them. */
  readonly snapshots: Snapshot[] = [];
  readonly publications: Publishing[] = [];
  readonly decisions: Decision[] = [];
  readonly failures: Failure[] = [];
  /** Of all members together. */
  steps = 0;
  /** The end of the work on members that were given back. */
  workedUntil = 0;
  pins = new Map<string, CheckpointId>();
  notes: RunNote[] = [];
  workers = new Map<WorkerId, RunWorker>();
  /** The time of the last turn to collect, and how much was published by then. */
  collected: { readonly at: number; readonly snapshots: number };

  constructor(run: Run, count: number) {
    this.run = run;
    this.members = Array.from({ length: count }, () => new MemberRecord());
    this.active = this.members.map((_, index) => index);
    this.collected = { at: run.createdAt, snapshots: count };
  }

  /** The time until which a worker has worked on the run, or still works. */
  activeUntil(): number {
    const leases = this.members.map(({ now: { worker, until } }) => (worker === null ? 0 : until));
    return Math.max(this.workedUntil, this.publications.at(-1)!.publishedAt, ...leases);
  }

  append(snapshot: Snapshot, publishing: Publishing): void {
    // Whoever reads it is given this object, and not a copy.
    Object.freeze(snapshot.hyperparameters);
    this.snapshots.push(snapshot);
    this.publications.push(publishing);
    this.members[snapshot.member]!.history.push(snapshot);
  }

  /** Changes a member, and keeps the order of the active ones. */
  advance(index: number, next: StoredMember): void {
    const member = this.members[index]!;
    if (member.now.state === "active") this.active.splice(this.#placeOf(index), 1);
    member.now = next;
    if (member.now.state === "active") this.active.splice(this.#placeOf(index), 0, index);
  }

  #placeOf(index: number): number {
    const { generation } = this.members[index]!.now;
    return firstPlace(this.active, (other) => {
      const ahead = this.members[other]!.now.generation - generation;
      return ahead > 0 || (ahead === 0 && other >= index);
    });
  }

  /** The free member to claim, if there is one. */
  choose(time: number, warm: number | undefined): number | undefined {
    const { members, active } = this;
    const isFree = (member: MemberRecord) => isClaimable(member.now, time);
    const free = active.find((index) => isFree(members[index]!));
    if (free === undefined) return undefined;
    const { generation } = members[free]!.now;
    // In a synchronous run a member that is behind holds back the others, even while it is leased.
    if (this.run.experiment.synchronous && members[active[0]!]!.now.generation < generation)
      return undefined;
    const held = warm === undefined ? undefined : members[warm];
    return held && isFree(held) && held.now.generation === generation ? warm : free;
  }

  newsAfter(since: number): News {
    const { snapshots } = this;
    return { snapshots: snapshots.slice(since), cursor: snapshots.length };
  }

  /** The place after all that is published. */
  get end(): Cursor {
    const { snapshots, decisions, failures } = this;
    return {
      snapshots: snapshots.length,
      decisions: decisions.length,
      failures: failures.length,
    };
  }

  get best(): Snapshot | undefined {
    const { best } = this.run;
    return best && this.members[memberOf(best)]!.history[ordinalOf(best)];
  }

  noteBest(candidate: Snapshot): void {
    const { best, run } = this;
    if (!best || isBetterModel(run.experiment.objective.direction, candidate, best))
      this.run = { ...run, best: candidate.id };
  }
}
