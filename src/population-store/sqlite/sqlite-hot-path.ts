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
import { isDonorKept, liveCheckpoints } from "../kept-checkpoints.ts";
import * as life from "../member-lifecycle.ts";
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  elapsedMs,
  type MemberState,
  type Publication,
  type RunId,
  runNotFound,
  type WorkerId,
} from "../population-store.ts";
import * as rows from "../rows.ts";
import type { Dialect, HotPath } from "../sql/dialect.ts";
import { newsOf } from "../sql/history.ts";
import type { RunKeys } from "../sql/run-keys.ts";
import * as steps from "../sql/steps.ts";
import { workTimeOfClaim } from "../work-time.ts";

/**
 * How often a waiting worker checks whether another process has written, in milliseconds. A check
 * reads one counter in shared memory.
 */
const pollMs = 10;

type Kept = Pick<Snapshot, "id" | "kind" | "checkpoint">;
type Stored = life.StoredMember;

export function sqliteHotPath(
  file: SqliteFile,
  dialect: Dialect,
  keys: RunKeys,
  now: () => number,
): HotPath {
  const get = file.get.bind(file);

  /** The first part counts the commits of other connections, the second those of this one. */
  function mark(): string {
    const { data_version } = get("PRAGMA data_version")!;
    return `${data_version}/${get("SELECT total_changes() AS own")!.own}`;
  }

  /** Runs a transaction with the member of a claim that holds. */
  async function fenced<T>(claim: Claim, work: (key: number, member: Stored) => T): Promise<T> {
    const key = await keys.ofClaim(claim);
    return file.transaction(() => work(key, file.take(steps.requireClaim(dialect, key, claim))));
  }

  function keep(key: number, member: number, before: Stored, next: Stored): void {
    file.run(...steps.memberUpdate(key, member, before, next));
  }

  /** Runs a transaction that changes parts of the member of a claim that holds. */
  const change = (claim: Claim, parts: () => Partial<Stored>) =>
    fenced(claim, (key, member) => keep(key, claim.member, member, { ...member, ...parts() }));

  /** Starts to count the run's time, or continues after a pause. Returns the work time so far. */
  function countTime(key: number, row: Row, time: number): number {
    const kept = rows.workTimeOf(row);
    const activeUntil = () => {
      const [[run]] = file.run(steps.selectRuns(dialect, sql`WHERE key = ${key}`)) as [[Row]];
      return rows.activeUntil(run);
    };
    const counted = workTimeOfClaim(kept, row.last_published as number, activeUntil, time);
    if (counted !== kept)
      file.run(
        sql`UPDATE clade.runs
          SET elapsed_ms = ${counted.elapsedMs}, running_since = ${counted.runningSince ?? null}
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
      "SELECT * FROM snapshots WHERE run = ? AND member = ? AND ordinal = ?",
      ...[key, memberOf(id), ordinalOf(id)],
    );
    return row && rows.snapshotOf(row);
  }

  function isBest(key: number, snapshot: Snapshot): boolean {
    const run = get("SELECT id, best, experiment FROM runs WHERE key = ?", key)!;
    if (run.best === null) return true;
    const { direction } = rows.runs.readField("experiment", run).objective;
    return isBetterModel(direction, snapshot, snapshotOf(key, run.best as SnapshotId));
  }

  function append(key: number, claim: Claim, publication: Publication): void {
    const { snapshots, decision } = life.appendedBy(publication);
    const facts = { run: key, worker: claim.worker, published_at: now() };
    for (const snapshot of snapshots) file.run(rows.insertSnapshot(snapshot, facts));
    if (decision) file.run(rows.decisions.insert(decision, { run: key }));
    if (publication.kind !== "trained" || !publication.mayBeBest) return;
    const { snapshot } = publication;
    if (isBest(key, snapshot))
      file.run(sql`UPDATE clade.runs SET best = ${snapshot.id} WHERE key = ${key}`);
  }

  /** What a publication does to the run. */
  function* runAfter(key: number, publication: Publication, state: MemberState): Steps<void> {
    const { snapshots } = life.appendedBy(publication);
    if (snapshots.length === 0) yield [steps.noteWorked(key, now())];
    const totalSteps = () =>
      get("SELECT sum(steps) AS steps FROM members WHERE run = ?", key)!.steps as number;
    const reason = life.endedBy(publication, totalSteps);
    if (reason !== undefined) yield* steps.setState(dialect, key, { kind: "done", reason });
    else if (state !== "active")
      yield* steps.endIfNobodyIsLeft(dialect, key, life.reasonOf(publication));
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
    const time = now();
    const member = choose(key, run.synchronous === 1, time, warm);
    if (member === undefined) return { kind: "wait" };
    const elapsed = countTime(key, run, time);
    const row = get(
      `SELECT *, EXISTS (SELECT 1 FROM failures f
         WHERE f.run = members.run AND f.member = members.member) AS has_failed
       FROM members WHERE run = ? AND member = ?`,
      ...[key, member],
    )!;
    const free = rows.members.read(row);
    const held = life.afterClaim(free, worker, time + leaseMs);
    keep(key, member, free, held);
    const newest = snapshotOf(key, snapshotId(member, held.newest))!;
    const hasFailed = row.has_failed === 1;
    const news = file.prepared("SELECT * FROM snapshots WHERE run = ? AND seq > ? ORDER BY seq");
    return {
      kind: "claimed",
      claim: life.claimOn(id, member, held, { newest, hasFailed, elapsedMs: elapsed }),
      ...(held.undecided && since !== undefined && { news: newsOf(news.all(key, since), since) }),
    };
  }

  function* newestFirst(key: number, member: number): Iterable<Kept> {
    const history = file.prepared(
      `SELECT member || '.' || ordinal AS id, kind, checkpoint FROM snapshots
       WHERE run = ? AND member = ? ORDER BY ordinal DESC`,
    );
    yield* history.iterate(key, member) as Iterable<unknown> as Iterable<Kept>;
  }

  return {
    async claimMember(id, worker, request) {
      const key = await keys.find(id);
      if (key === undefined) return { kind: "ended" };
      return file.transaction(() => claimIn(key, id, worker, request));
    },
    async renewLease(claim, leaseMs) {
      await change(claim, () => ({ until: now() + leaseMs }));
    },
    async reserveCheckpoint(claim, reserved) {
      await change(claim, () => ({ reserved }));
    },
    async begin(claim, begun) {
      return await fenced(claim, (key, member) => {
        const best = get("SELECT best FROM runs WHERE key = ?", key)!.best as SnapshotId | null;
        if (!isDonorKept(begun, best, (donor) => newestFirst(key, donor))) return false;
        keep(key, claim.member, member, { ...member, begun });
        return true;
      });
    },
    async publish(claim, publication, next) {
      return await fenced(claim, (key, member) => {
        const after = life.afterPublication(member, publication);
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
        const best = run.best === null ? undefined : snapshotOf(key, run.best as SnapshotId);
        const pins = file.prepared("SELECT checkpoint FROM pins WHERE run = ?").all(key);
        const members = file.prepared("SELECT * FROM members WHERE run = ?").all(key);
        const live = liveCheckpoints(
          members.map((row) => ({
            ...rows.members.read(row),
            newestFirst: newestFirst(key, row.member as number),
          })),
          best,
          pins.map(({ checkpoint }) => checkpoint as CheckpointId),
        );
        sweep(live);
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
