/** A population in this process's memory, for runs inside a program or a browser. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import { isEarned, memberOf, ordinalOf, type Snapshot } from "../../algorithm/snapshot.ts";
import { isNotable } from "../decisions.ts";
import { isDonorKept, liveCheckpoints } from "../kept-checkpoints.ts";
import * as life from "../member-lifecycle.ts";
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  type Cursor,
  elapsedMs,
  idTaken,
  leaseLost,
  type PopulationStore,
  type Run,
  type RunId,
  runNotFound,
  snapshotNotFound,
  type WorkerId,
} from "../population-store.ts";
import { forgottenAfterMs } from "../run-worker.ts";
import { workTime, workTimeOfClaim } from "../work-time.ts";
import { Changes } from "./changes.ts";
import { type MemberRecord, RunRecord } from "./run-record.ts";

/**
 * A population store in this process's memory, which goes when the process ends. `now` is the time
 * that it goes by, in milliseconds (default: the clock).
 */
export function memoryPopulationStore({
  now = Date.now,
}: {
  now?: () => number;
} = {}): PopulationStore {
  return storeOf(new Map(), new Changes(), now);
}

/**
 * A store of the given records. Its methods do their work before they return a promise. JavaScript
 * runs one piece of synchronous code at a time, so each is a transaction.
 */
export function storeOf(
  records: Map<RunId, RunRecord>,
  changes: Changes,
  now: () => number,
): PopulationStore {
  function recordOf(id: RunId): RunRecord {
    const record = records.get(id);
    if (!record) throw runNotFound(id);
    return record;
  }

  /** The member of a claim that is still valid. */
  function claimed(claim: Claim): { record: RunRecord; member: MemberRecord } {
    const record = records.get(claim.run);
    const member = record?.members[claim.member];
    const why = life.whyClaimIsLost(claim, member?.now, record?.run.state.kind);
    if (!record || !member || why !== undefined) throw leaseLost(claim, why!);
    return { record, member };
  }

  function append(record: RunRecord, snapshot: Snapshot, worker?: WorkerId): void {
    record.append(snapshot, { publishedAt: now(), ...(worker && { worker }) });
  }

  /** The run as it is now. */
  function runOf(record: RunRecord): Run {
    const { runningSince, ...run } = record.run;
    return { ...run, ...workTime(record.run, record.activeUntil(), now()) };
  }

  /** Starts to count the run's time, or continues after a pause. */
  function countTime(record: RunRecord, time: number): void {
    const { publishedAt } = record.publications.at(-1)!;
    const counted = workTimeOfClaim(record.run, publishedAt, () => record.activeUntil(), time);
    if (counted !== record.run) record.run = { ...record.run, ...counted };
  }

  /** The end of the work on a member that is given back. */
  function noteWorked(record: RunRecord, { worker, until }: life.StoredMember): void {
    if (worker !== null) record.workedUntil = Math.max(record.workedUntil, Math.min(now(), until));
  }

  function setState(record: RunRecord, state: Run["state"]): void {
    const before = runOf(record);
    const { runningSince, ...run } = before;
    record.run = { ...run, state, elapsedMs: elapsedMs(before, now()) };
    changes.note();
  }

  function endIfNobodyIsLeft(record: RunRecord, reason?: string): void {
    if (record.active.length > 0) return;
    const states = record.members.map(({ now: { state } }) => state);
    setState(record, life.runStateAfter(states, reason)!);
  }

  async function claimMember(
    id: RunId,
    worker: WorkerId,
    { leaseMs, warm, since }: ClaimRequest,
  ): Promise<ClaimResult> {
    const record = records.get(id);
    if (record?.run.state.kind !== "running") return { kind: "ended" };
    const time = now();
    const chosen = record.choose(time, warm);
    if (chosen === undefined) return { kind: "wait" };
    const member = record.members[chosen]!;
    countTime(record, time);
    member.now = life.afterClaim(member.now, worker, time + leaseMs);
    const facts = {
      newest: member.newest,
      hasFailed: member.hasFailed,
      elapsedMs: elapsedMs(record.run, time),
    };
    return {
      kind: "claimed",
      claim: life.claimOn(id, chosen, member.now, facts),
      ...(member.now.undecided && since !== undefined && { news: record.newsAfter(since) }),
    };
  }

  return {
    async createRun(newRun, roots) {
      if (records.has(newRun.id)) throw idTaken(newRun.id);
      const run: Run = {
        ...newRun,
        createdAt: now(),
        state: { kind: "running" },
        elapsedMs: 0,
      };
      const record = new RunRecord(run, roots.length);
      records.set(run.id, record);
      for (const root of roots) append(record, root);
      changes.note();
      return run;
    },
    async run(id) {
      return runOf(recordOf(id));
    },
    async runs() {
      return Array.from(records.values(), runOf);
    },
    async damagedRuns() {
      return [];
    },
    async note(id, note) {
      recordOf(id).notes.push(note);
    },
    async notes(id) {
      return [...recordOf(id).notes];
    },
    async removeRun(id) {
      recordOf(id);
      records.delete(id);
      changes.note();
    },
    async resume(id, replacement) {
      const record = recordOf(id);
      if (replacement) record.run = { ...record.run, ...replacement };
      const stepsPerMember =
        replacement && (replacement.experiment.budget.stepsPerMember ?? Infinity);
      for (const [index, { now }] of record.members.entries())
        record.advance(index, life.afterResumption(now, stepsPerMember));
      setState(record, { kind: "running" });
      endIfNobodyIsLeft(record);
    },
    async stop(id) {
      const record = recordOf(id);
      if (record.run.state.kind === "running") setState(record, { kind: "stopped" });
    },

    claimMember,
    async renewLease(claim, leaseMs) {
      const { member } = claimed(claim);
      member.now = { ...member.now, until: now() + leaseMs };
    },
    async releaseMember(claim, restMs = 0) {
      const record = records.get(claim.run);
      const member = record?.members[claim.member];
      if (!record || !member || life.whyClaimIsLost(claim, member.now, "running") !== undefined)
        return;
      noteWorked(record, member.now);
      member.now = life.afterRelease(member.now, now() + restMs);
      changes.note();
    },
    async releaseWorker(id, worker) {
      const record = recordOf(id);
      record.workers.delete(worker);
      for (const member of record.members) {
        if (member.now.worker !== worker) continue;
        noteWorked(record, member.now);
        member.now = life.afterRelease(member.now);
      }
      changes.note();
    },

    async begin(claim, from) {
      const { record, member } = claimed(claim);
      const { run, members } = record;
      if (!isDonorKept(from, run.best, (donor) => members[donor]!.newestFirst())) return false;
      member.now = { ...member.now, begun: from };
      return true;
    },
    async publish(claim, publication, next) {
      const { record, member } = claimed(claim);
      const { snapshots, decision } = life.appendedBy(publication);
      const before = member.now;
      for (const snapshot of snapshots) append(record, snapshot, claim.worker);
      record.advance(claim.member, life.afterPublication(before, publication));
      record.steps += member.now.steps - before.steps;
      if (decision) record.decisions.push(decision);
      if (publication.kind === "trained" && publication.mayBeBest)
        record.noteBest(publication.snapshot);
      if (snapshots.length === 0) noteWorked(record, before);
      const reason = life.endedBy(publication, () => record.steps);
      if (reason !== undefined) setState(record, { kind: "done", reason });
      else if (member.now.state !== "active")
        endIfNobodyIsLeft(record, life.reasonOf(publication));
      changes.note();
      return next && claimMember(claim.run, claim.worker, next);
    },
    async recordFailure(claim, failure, state, restMs = 0) {
      const { record, member } = claimed(claim);
      record.failures.push(failure);
      member.hasFailed = true;
      noteWorked(record, member.now);
      record.advance(claim.member, life.afterFailure(member.now, state, now() + restMs));
      if (state !== "active") endIfNobodyIsLeft(record);
      changes.note();
    },

    async failuresOf(id, member, limit) {
      const own = recordOf(id).failures.filter((failure) => failure.member === member);
      return own.toReversed().slice(0, limit);
    },

    async noteWorker(id, worker, state, device) {
      const record = records.get(id);
      if (!record) return;
      const joinedAt = record.workers.get(worker)?.joinedAt ?? now();
      if (!state) record.workers.delete(worker);
      else
        record.workers.set(worker, {
          worker,
          ...(device !== undefined && { device }),
          joinedAt,
          seenAt: now(),
          state,
        });
    },

    async workers(id) {
      const { workers } = recordOf(id);
      return [...workers.values()].filter(({ seenAt }) => seenAt > now() - forgottenAfterMs);
    },

    async members(id) {
      return recordOf(id).members.map((member, index) =>
        life.visibleMember(index, member.now, member.newest, now()),
      );
    },
    async counts(id) {
      const { snapshots, decisions, failures } = recordOf(id);
      const copies = decisions.filter(({ kind }) => kind === "copy").length;
      return { snapshots: snapshots.length, copies, failures: failures.length };
    },
    async news(id, since) {
      return recordOf(id).newsAfter(since);
    },
    async present(id) {
      const { members, snapshots } = recordOf(id);
      return {
        snapshots: members.map(({ history }) => history.findLast(isEarned)!),
        cursor: snapshots.length,
      };
    },
    async generation(id, generation) {
      return recordOf(id).members.flatMap(({ history }) => {
        const trained = history.findLast(
          (snapshot) => snapshot.kind === "trained" && snapshot.generation <= generation,
        );
        return trained ? [trained] : [];
      });
    },
    async *history(id, member) {
      yield* recordOf(id).members[member]?.history.toReversed() ?? [];
    },
    async snapshot(id, snapshotId) {
      const snapshot = recordOf(id).members[memberOf(snapshotId)]?.history[ordinalOf(snapshotId)];
      if (!snapshot) throw snapshotNotFound(id, snapshotId);
      return snapshot;
    },
    async *decisions(id, { member, notable = false } = {}) {
      for (const decision of recordOf(id).decisions.toReversed()) {
        if (member !== undefined && decision.member !== member) continue;
        if (!notable || isNotable(decision)) yield decision;
      }
    },
    async decisionCounts(id) {
      const counts: { [kind in Decision["kind"]]?: number } = {};
      for (const { kind } of recordOf(id).decisions) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    },
    async changes(id, after, limit = 1000) {
      const record = recordOf(id);
      const upTo = (kind: keyof Cursor) => Math.min(after[kind] + limit, record.end[kind]);
      const cursor = {
        snapshots: upTo("snapshots"),
        decisions: upTo("decisions"),
        failures: upTo("failures"),
      };
      const publications = record.publications.slice(after.snapshots, cursor.snapshots);
      return {
        snapshots: publications.map((publication, index) => ({
          ...record.snapshots[after.snapshots + index]!,
          ...publication,
        })),
        decisions: record.decisions.slice(after.decisions, cursor.decisions),
        failures: record.failures.slice(after.failures, cursor.failures),
        cursor,
      };
    },
    async *tree(id) {
      yield [...recordOf(id).snapshots];
    },
    async end(id) {
      return recordOf(id).end;
    },
    mark: () => changes.mark,
    waitForChange: (seen, timeoutMs, signal) => changes.wait(seen, timeoutMs, signal),

    async reserveCheckpoint(claim, checkpoint) {
      const { member } = claimed(claim);
      member.now = { ...member.now, reserved: checkpoint };
    },
    async takeCollection(id, restMs) {
      const record = recordOf(id);
      const { length } = record.snapshots;
      const isDue = length > record.collected.snapshots && now() >= record.collected.at + restMs;
      if (isDue) record.collected = { at: now(), snapshots: length };
      return isDue;
    },
    async pin(id, name, checkpoint) {
      recordOf(id).pins.set(name, checkpoint);
    },
    async unpin(id, name) {
      recordOf(id).pins.delete(name);
    },
    async collect(id, sweep) {
      const record = recordOf(id);
      const { members, pins } = record;
      const keeping = members.map((m) => ({ ...m.now, newestFirst: m.newestFirst() }));
      sweep(liveCheckpoints(keeping, record.best, pins.values()));
    },
    async [Symbol.asyncDispose]() {},
  };
}
