/** What workers do in every generation, as transactions of prepared statements. */
import { setTimeout as sleep } from "node:timers/promises";
import { isBetterModel } from "../../algorithm/population.ts";
import {
  type CheckpointId,
  memberOf,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
  snapshotId,
} from "../../algorithm/snapshot.ts";
import { type Row, sql } from "../../database/sql.ts";
import type { SqliteFile } from "../../database/sqlite/sqlite-file.ts";
import type { Steps } from "../../database/steps.ts";
import { donorOf, keptSnapshots } from "../kept-checkpoints.ts";
import {
  afterClaim,
  afterPublication,
  appendedBy,
  endedBy,
  reasonOf,
  type StoredMember,
} from "../member-lifecycle.ts";
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  elapsedMs,
  leaseLost,
  type MemberState,
  type News,
  type Publication,
  type RunId,
  runNotFound,
  type WorkerId,
} from "../population-store.ts";
import {
  activeUntil,
  begunOf,
  earned,
  experimentOf,
  plainSnapshotOf,
  snapshotColumns,
  storedMemberOf,
  workTimeOf,
} from "../rows.ts";
import type { HotPath } from "../sql/dialect.ts";
import { newsOf } from "../sql/history.ts";
import type { RunKeys } from "../sql/run-keys.ts";
import {
  endIfNobodyIsLeft,
  memberUpdate,
  newDecision,
  newSnapshot,
  noteWorked,
  requireClaim,
  runColumns,
  setState,
} from "../sql/steps.ts";
import { pauseMs, workTimeOfClaim } from "../work-time.ts";
import type { SqliteDialect } from "./sqlite-dialect.ts";

/**
 * How often a waiting worker checks whether another process has written, in milliseconds. A check
 * reads one counter in shared memory.
 */
const pollMs = 10;

type KeptRow = Pick<Snapshot, "kind"> & { readonly ordinal: number; readonly checkpoint: unknown };

export function sqliteHotPath(file: SqliteFile, dialect: SqliteDialect, keys: RunKeys): HotPath {
  const get = file.get.bind(file);

  /** The first part counts the commits of other connections, the second those of this one. */
  function mark(): string {
    const { data_version } = get("PRAGMA data_version")!;
    return `${data_version}/${get("SELECT total_changes() AS own")!.own}`;
  }

  /** Runs a transaction with the member of a claim that holds. */
  async function fenced<T>(
    claim: Claim,
    work: (key: number, member: StoredMember) => T,
  ): Promise<T> {
    const key = await keys.find(claim.run);
    if (key === undefined) throw leaseLost(claim, "the run was removed");
    return file.transaction(() => work(key, file.take(requireClaim(dialect, key, claim))));
  }

  function keep(key: number, member: number, before: StoredMember, next: StoredMember): void {
    file.run(...memberUpdate(key, member, before, next));
  }

  /** Starts to count the run's time, or continues after a pause. Returns the work time so far. */
  function countTime(key: number, row: Row, time: number): number {
    const kept = workTimeOf(row);
    // Most claims follow a publication, and need no further look.
    const isPause =
      kept.runningSince === undefined || (row.last_published as number) + pauseMs < time;
    if (!isPause) return elapsedMs(kept, time);
    const clock = dialect.clock();
    const [rows] = file.run(sql`SELECT ${runColumns(clock)} FROM clade.runs r WHERE key = ${key}`);
    const counted = workTimeOfClaim(kept, activeUntil(rows![0]!), time);
    if (counted.runningSince !== kept.runningSince)
      file.run(
        sql`UPDATE clade.runs
          SET elapsed_ms = ${counted.elapsedMs}, running_since = ${counted.runningSince}
          WHERE key = ${key}`,
      );
    return elapsedMs(counted, time);
  }

  /** The free member to claim, if there is one. */
  function choose(key: number, isSynchronous: boolean, time: number, warm?: number) {
    const isFree = "run = ? AND state = 'active' AND lease_until <= ?";
    const first = get(
      `SELECT member, generation FROM members INDEXED BY members_active WHERE ${isFree}
       ORDER BY generation, member LIMIT 1`,
      ...[key, time],
    );
    if (!first) return undefined;
    const isAhead =
      isSynchronous &&
      get(
        `SELECT 1 FROM members INDEXED BY members_active
         WHERE run = ? AND state = 'active' AND generation < ? LIMIT 1`,
        ...[key, first.generation!],
      );
    if (isAhead) return undefined;
    const warmIsEqual =
      warm !== undefined &&
      get(
        `SELECT 1 FROM members WHERE ${isFree} AND member = ? AND generation = ?`,
        ...[key, time, warm, first.generation!],
      );
    return warmIsEqual ? warm : (first.member as number);
  }

  function snapshotOf(key: number, id: SnapshotId): Snapshot | undefined {
    const row = get(
      `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND member = ? AND ordinal = ?`,
      ...[key, memberOf(id), ordinalOf(id)],
    );
    return row && plainSnapshotOf(row);
  }

  function isBest(key: number, snapshot: Snapshot): boolean {
    const run = get("SELECT id, best, experiment FROM runs WHERE key = ?", key)!;
    if (run.best === null) return true;
    const { direction } = experimentOf(run).objective;
    return isBetterModel(direction, snapshot, snapshotOf(key, run.best as SnapshotId));
  }

  function append(key: number, claim: Claim, publication: Publication): void {
    const { snapshots, decision } = appendedBy(publication);
    const now = dialect.clock();
    for (const snapshot of snapshots) file.run(newSnapshot(key, snapshot, claim.worker, now));
    if (decision) file.run(newDecision(key, decision));
    if (publication.kind !== "trained" || !publication.mayBeBest) return;
    const { snapshot } = publication;
    if (isBest(key, snapshot))
      file.run(sql`UPDATE clade.runs SET best = ${snapshot.id} WHERE key = ${key}`);
  }

  /** What a publication does to the run. */
  function* runAfter(key: number, publication: Publication, state: MemberState): Steps<void> {
    const { snapshots } = appendedBy(publication);
    if (snapshots.length === 0) yield [noteWorked(key, dialect.now())];
    const totalSteps = () =>
      get("SELECT sum(steps) AS steps FROM members WHERE run = ?", key)!.steps as number;
    const reason = endedBy(publication, totalSteps);
    if (reason !== undefined) yield* setState(dialect, key, { kind: "done", reason });
    else if (state !== "active") yield* endIfNobodyIsLeft(dialect, key, reasonOf(publication));
  }

  function news(key: number, since: number): News {
    const published = file.prepared(
      `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND seq > ? AND ${earned} ` +
        "ORDER BY seq",
    );
    return newsOf(published.all(key, since), since);
  }

  /** Claims a member within a transaction. */
  function claimIn(
    key: number,
    id: RunId,
    worker: WorkerId,
    { leaseMs, warm, since }: ClaimRequest,
  ): ClaimResult {
    const run = get(
      `SELECT state, synchronous, elapsed_ms, running_since,
         (SELECT published_at FROM snapshots WHERE run = runs.key ORDER BY seq DESC LIMIT 1)
           AS last_published
       FROM runs WHERE key = ?`,
      key,
    );
    if (run?.state !== "running") return { kind: "ended" };
    const time = dialect.now();
    const member = choose(key, run.synchronous === 1, time, warm);
    if (member === undefined) return { kind: "wait" };
    const elapsed = countTime(key, run, time);
    const row = get(
      `SELECT *, EXISTS (SELECT 1 FROM failures f
         WHERE f.run = members.run AND f.member = members.member) AS has_failed
       FROM members WHERE run = ? AND member = ?`,
      ...[key, member],
    )!;
    const free = storedMemberOf(row);
    const held = afterClaim(free, worker, time + leaseMs);
    keep(key, member, free, held);
    const { fencingToken, undecided, failures, restarted } = held;
    const newest = snapshotOf(key, snapshotId(member, held.newest))!;
    const hasFailed = row.has_failed === 1;
    const claim = {
      run: id,
      worker,
      member,
      fencingToken,
      newest,
      undecided,
      failures,
      hasFailed,
    };
    return {
      kind: "claimed",
      claim: { ...claim, elapsedMs: elapsed, restarted },
      ...(undecided && since !== undefined && { news: news(key, since) }),
    };
  }

  /** The snapshots of a member whose checkpoints stay, newest first. */
  function kept(key: number, member: number) {
    const newestFirst = file.prepared(
      `SELECT ordinal, kind, checkpoint FROM snapshots WHERE run = ? AND member = ?
       ORDER BY ordinal DESC`,
    );
    const history = newestFirst.iterate(key, member) as Iterable<KeptRow>;
    return keptSnapshots(history);
  }

  /** Whether a collection keeps the checkpoint that a snapshot was copied from. */
  function isKept(key: number, snapshot: Snapshot): boolean {
    const donor = donorOf(snapshot);
    if (donor === undefined) return true;
    if (get("SELECT 1 FROM runs WHERE key = ? AND best = ?", key, donor)) return true;
    return [...kept(key, memberOf(donor))].some(({ ordinal }) => ordinal === ordinalOf(donor));
  }

  return {
    async claimMember(id, worker, request) {
      const key = await keys.find(id);
      if (key === undefined) return { kind: "ended" };
      return file.transaction(() => claimIn(key, id, worker, request));
    },
    async renewLease(claim, leaseMs) {
      await fenced(claim, (key, member) =>
        keep(key, claim.member, member, { ...member, until: dialect.now() + leaseMs }),
      );
    },
    async reserveCheckpoint(claim, checkpoint) {
      await fenced(claim, (key, member) =>
        keep(key, claim.member, member, { ...member, reserved: checkpoint }),
      );
    },
    async begin(claim, from) {
      return await fenced(claim, (key, member) => {
        if (!isKept(key, from)) return false;
        keep(key, claim.member, member, { ...member, begun: from });
        return true;
      });
    },
    async publish(claim, publication, next) {
      return await fenced(claim, (key, member) => {
        const after = afterPublication(member, publication);
        append(key, claim, publication);
        keep(key, claim.member, member, after);
        file.take(runAfter(key, publication, after.state));
        return next && claimIn(key, claim.run, claim.worker, next);
      });
    },
    async collect(id, sweep) {
      const key = await keys.of(id);
      file.transaction(() => {
        const run = get("SELECT best FROM runs WHERE key = ?", key);
        if (!run) throw runNotFound(id);
        const live = new Set<unknown>();
        const pins = file.prepared("SELECT checkpoint FROM pins WHERE run = ?");
        for (const { checkpoint } of pins.all(key)) live.add(checkpoint);
        const members = file.prepared("SELECT * FROM members WHERE run = ?");
        for (const row of members.all(key)) {
          live.add(row.reserved);
          live.add(begunOf(row)?.checkpoint);
          for (const { checkpoint } of kept(key, row.member as number)) live.add(checkpoint);
        }
        if (run.best !== null) live.add(snapshotOf(key, run.best as SnapshotId)?.checkpoint);
        live.delete(null);
        live.delete(undefined);
        sweep(live as ReadonlySet<CheckpointId>);
      });
    },
    mark,
    async waitForChange(seen, timeoutMs, signal) {
      const end = performance.now() + timeoutMs;
      while (performance.now() < end && !signal?.aborted && mark() === seen)
        await sleep(Math.min(pollMs, timeoutMs));
    },
    async [Symbol.asyncDispose]() {
      file.close();
    },
  };
}
