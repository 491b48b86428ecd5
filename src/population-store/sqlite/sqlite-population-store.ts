/**
 * A population in one SQLite file, shared by the processes of one machine. Each method is one
 * transaction of synchronous statements, so nothing of this process comes between them; `BEGIN
 * IMMEDIATE` keeps other processes out.
 */

import type { SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { isBetterModel } from "../../algorithm/population.ts";
import {
  type CheckpointId,
  memberOf,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
} from "../../algorithm/snapshot.ts";
import { type DecisionCounts, recoveredLike } from "../decisions.ts";
import { keptSnapshots } from "../kept-checkpoints.ts";
import {
  afterClaim,
  afterFailure,
  afterPublication,
  afterRelease,
  afterResumption,
  runStateAfter,
  type StoredMember,
  whyClaimIsLost,
} from "../member-lifecycle.ts";
import {
  type Claim,
  elapsedMs,
  idTaken,
  leaseLost,
  type Member,
  type MemberState,
  type PopulationStore,
  type RunId,
  RunNotFoundError,
  type RunState,
  SnapshotNotFoundError,
  type WorkerId,
} from "../population-store.ts";
import {
  decisionOf,
  decisionValues,
  earned,
  experimentOf,
  failureColumns,
  failureOf,
  failureValues,
  memberColumns,
  memberFields,
  noteOf,
  plainSnapshotOf,
  type Row,
  runOf,
  runsOf,
  snapshotColumns,
  snapshotOf,
  snapshotValues,
  storedMemberOf,
  treeColumns,
  treeReader,
  workerOf,
  workTimeOf,
} from "../rows.ts";
import { forgottenAfterMs } from "../run-worker.ts";
import { pauseMs, workTime, workTimeOfClaim } from "../work-time.ts";
import { explained, openDatabase } from "./open-database.ts";

/**
 * How often a waiting worker looks whether another process has written, in milliseconds. A look
 * reads one counter in shared memory.
 */
const pollMs = 10;

/** So few that whoever wants the last ones does not wait for more. */
const decisionsAPage = 250;

const snapshotsAPage = 1_000;

/** The time until which somebody has worked on the run of a row of `runs`, or works. */
const activeUntil = `max(worked_until,
  coalesce((SELECT published_at FROM snapshots WHERE run = runs.key ORDER BY seq DESC LIMIT 1), 0),
  coalesce((SELECT max(lease_until) FROM members WHERE run = runs.key AND worker IS NOT NULL), 0))`;

/** Of the member `m`, the ordinal of the newest snapshot that `isEarned`. */
const newestEarned = `(SELECT ordinal FROM snapshots WHERE run = m.run AND member = m.member AND ${earned}
  ORDER BY ordinal DESC LIMIT 1)`;

/** Opens the store in a file, creating it where there is none. Throws `StoreVersionError`. */
export function sqlitePopulationStore(
  path: string,
  { now = Date.now }: { now?: () => number } = {},
): PopulationStore {
  const database = openDatabase(path);
  const statements = new Map<string, StatementSync>();
  const keys = new Map<RunId, number>();

  function sql(text: string): StatementSync {
    const prepared = statements.get(text) ?? database.prepare(text);
    statements.set(text, prepared);
    return prepared;
  }
  const get = (text: string, ...values: SQLInputValue[]) =>
    sql(text).get(...values) as Row | undefined;
  const all = (text: string, ...values: SQLInputValue[]) => sql(text).all(...values) as Row[];
  const execute = (text: string, ...values: SQLInputValue[]) => sql(text).run(...values);

  /** The first part counts other connections' commits, the second this one's. */
  function mark(): string {
    return `${get("PRAGMA data_version")!.data_version}/${get("SELECT total_changes() AS own")!.own}`;
  }

  function transaction<T>(work: () => T): T {
    try {
      execute("BEGIN IMMEDIATE");
      const result = work();
      execute("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (database.isTransaction) execute("ROLLBACK");
      keys.clear();
      throw explained(path, error);
    }
  }

  function findKey(id: RunId): number | undefined {
    const known =
      keys.get(id) ?? (get("SELECT key FROM runs WHERE id = ?", id)?.key as number | undefined);
    if (known !== undefined) keys.set(id, known);
    return known;
  }

  function keyOf(id: RunId): number {
    const key = findKey(id);
    if (key === undefined)
      throw new RunNotFoundError(`run ${id}: is not in the store; list the runs to see which are`);
    return key;
  }

  function rowOf(id: RunId): Row {
    const row = get(`SELECT *, ${activeUntil} AS active_until FROM runs WHERE key = ?`, keyOf(id));
    if (row) return row;
    throw new RunNotFoundError(`run ${id}: has been removed; list the runs to see which are left`);
  }

  const readRun = (id: RunId) => runOf(rowOf(id), now());

  function readRuns() {
    const rows = all(`SELECT *, ${activeUntil} AS active_until FROM runs ORDER BY key`);
    return runsOf(rows, (row) => runOf(row, now()));
  }

  /** The member of a claim that is still valid. */
  function claimed(claim: Claim): { readonly key: number; readonly member: StoredMember } {
    const key = findKey(claim.run);
    const row =
      key !== undefined &&
      get(
        "SELECT *, (SELECT state FROM runs WHERE key = run) AS run_state FROM members WHERE run = ? AND member = ?",
        key,
        claim.member,
      );
    const member = row ? storedMemberOf(row) : undefined;
    const why = whyClaimIsLost(
      claim,
      member,
      row ? (row.run_state as RunState["kind"]) : undefined,
    );
    if (key === undefined || !member || why !== undefined) throw leaseLost(claim, why!);
    return { key, member };
  }

  /** Writes what is new about a member. */
  function keep(key: number, number: number, before: StoredMember, next: StoredMember): void {
    const names = memberFields.filter((name) => next[name] !== before[name]);
    if (names.length === 0) return;
    const values = names.map((name) => (name === "undecided" ? Number(next[name]) : next[name]));
    const set = names.map((name) => `${memberColumns[name]} = ?`).join(", ");
    execute(`UPDATE members SET ${set} WHERE run = ? AND member = ?`, ...values, key, number);
  }

  function append(key: number, snapshot: Snapshot, worker: WorkerId | null): void {
    execute(
      `INSERT INTO snapshots (run, member, ordinal, kind, parent, donor, generation, step, member_steps, hyperparameters,
         checkpoint, score, samples, metrics, worker, published_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      ...snapshotValues(snapshot, ordinalOf(snapshot.id)),
      worker,
      now(),
    );
  }

  function setState(id: RunId, state: RunState): void {
    const row = rowOf(id);
    const elapsed = elapsedMs(workTime(workTimeOf(row), row.active_until as number, now()), now());
    execute(
      "UPDATE runs SET state = ?, reason = ?, elapsed_ms = ?, running_since = NULL WHERE key = ?",
      state.kind,
      "reason" in state ? state.reason : null,
      elapsed,
      keyOf(id),
    );
  }

  /**
   * Where members are given back without a publication, what it would say is kept: until when
   * somebody has worked.
   */
  function noteWorked(key: number, until: number): void {
    execute("UPDATE runs SET worked_until = max(worked_until, ?) WHERE key = ?", until, key);
  }

  /**
   * Begins to count the run's time, or goes on after a pause. How long somebody has worked until
   * now.
   */
  function countTime(key: number, run: Row, time: number): number {
    const kept = workTimeOf(run);
    // Most claims follow a publication, and need not look further.
    const isPause = kept.runningSince === undefined || (run.last as number) + pauseMs < time;
    if (!isPause) return elapsedMs(kept, time);
    const { active } = get(`SELECT ${activeUntil} AS active FROM runs WHERE key = ?`, key)!;
    const counted = workTimeOfClaim(kept, active as number, time);
    if (counted.runningSince !== kept.runningSince) {
      const values = [counted.elapsedMs, counted.runningSince, key];
      execute("UPDATE runs SET elapsed_ms = ?, running_since = ? WHERE key = ?", ...values);
    }
    return elapsedMs(counted, time);
  }

  function endIfNobodyIsLeft(id: RunId, reason?: string): void {
    const key = keyOf(id);
    if (get("SELECT 1 FROM members WHERE run = ? AND state = 'active' LIMIT 1", key)) return;
    const rows = all("SELECT DISTINCT state FROM members WHERE run = ?", key);
    const members = rows.map(({ state }) => state as MemberState);
    setState(id, runStateAfter(members, reason)!);
  }

  function newestOf(key: number, member: number): Snapshot {
    const row = get(
      `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND member = ? ORDER BY ordinal DESC LIMIT 1`,
      key,
      member,
    );
    return plainSnapshotOf(row!);
  }

  function isBest(key: number, snapshot: Snapshot): boolean {
    const run = get("SELECT id, best, experiment FROM runs WHERE key = ?", key)!;
    if (run.best === null) return true;
    const id = run.best as SnapshotId;
    const before = get(
      `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND member = ? AND ordinal = ?`,
      ...[key, memberOf(id), ordinalOf(id)],
    );
    const { objective } = experimentOf(run);
    return isBetterModel(objective.direction, snapshot, before && plainSnapshotOf(before));
  }

  return {
    async createRun(run, roots) {
      return transaction(() => {
        if (get("SELECT 1 FROM runs WHERE id = ?", run.id)) throw idTaken(run.id);
        const { lastInsertRowid } = execute(
          `INSERT INTO runs (id, seed, experiment, synchronous, source, study, control_of, checkpoints, code, created_at, state, elapsed_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', 0)`,
          run.id,
          run.seed,
          JSON.stringify(run.experiment),
          Number(run.experiment.synchronous),
          run.source ? JSON.stringify(run.source) : null,
          run.study ? JSON.stringify(run.study) : null,
          run.controlOf ?? null,
          run.checkpoints ?? null,
          run.code ? JSON.stringify(run.code) : null,
          now(),
        );
        const key = Number(lastInsertRowid);
        for (const root of roots) {
          append(key, root, null);
          execute(
            `INSERT INTO members (run, member, state, generation, steps, newest, undecided, failures, epoch, lease_until)
             VALUES (?, ?, 'active', 0, 0, 0, 0, 0, 0, 0)`,
            key,
            root.member,
          );
        }
        return readRun(run.id);
      });
    },
    async run(id) {
      return readRun(id);
    },
    async runs() {
      return readRuns().readable;
    },
    async damagedRuns() {
      return readRuns().damaged;
    },
    async note(id, note) {
      transaction(() =>
        execute("INSERT INTO notes (run, note) VALUES (?, ?)", keyOf(id), JSON.stringify(note)),
      );
    },
    async notes(id) {
      const rows = all("SELECT note FROM notes WHERE run = ? ORDER BY seq", keyOf(id));
      return rows.map((row) => noteOf(row, id));
    },
    async removeRun(id) {
      const key = keyOf(id);
      transaction(() => {
        for (const table of [
          "members",
          "snapshots",
          "decisions",
          "failures",
          "pins",
          "notes",
          "workers",
        ]) {
          execute(`DELETE FROM ${table} WHERE run = ?`, key);
        }
        execute("DELETE FROM runs WHERE key = ?", key);
      });
      keys.delete(id);
    },
    async resume(id, replacement) {
      transaction(() => {
        const key = keyOf(id);
        if (replacement) {
          const { experiment, source } = replacement;
          execute(
            "UPDATE runs SET experiment = ?, synchronous = ?, source = ? WHERE key = ?",
            JSON.stringify(experiment),
            Number(experiment.synchronous),
            source ? JSON.stringify(source) : null,
            key,
          );
        }
        const stepsPerMember =
          replacement && (replacement.experiment.budget.stepsPerMember ?? Infinity);
        for (const row of all("SELECT * FROM members WHERE run = ?", key)) {
          const member = storedMemberOf(row);
          keep(key, row.member as number, member, afterResumption(member, stepsPerMember));
        }
        setState(id, { kind: "running" });
        endIfNobodyIsLeft(id);
      });
    },
    async stop(id) {
      transaction(() => {
        if (rowOf(id).state === "running") setState(id, { kind: "stopped" });
      });
    },

    async claimMember(id, worker, leaseMs, warm) {
      const known = findKey(id);
      if (known === undefined) return { kind: "ended" };
      return transaction(() => {
        const run = get(
          `SELECT state, synchronous, elapsed_ms, running_since,
             (SELECT published_at FROM snapshots WHERE run = runs.key ORDER BY seq DESC LIMIT 1) AS last
           FROM runs WHERE key = ?`,
          known,
        );
        if (run?.state !== "running") return { kind: "ended" };
        const time = now();
        const least = run.synchronous
          ? get(
              `SELECT generation FROM members INDEXED BY members_active
               WHERE run = ? AND state = 'active' ORDER BY generation LIMIT 1`,
              known,
            )
          : undefined;
        const first = get(
          `SELECT member, generation FROM members INDEXED BY members_active
           WHERE run = ? AND state = 'active' AND generation <= ? AND lease_until <= ?
           ORDER BY generation, member LIMIT 1`,
          known,
          least?.generation ?? Number.MAX_SAFE_INTEGER,
          time,
        );
        if (!first) return { kind: "wait" };
        const warmIsEqual =
          warm !== undefined &&
          get(
            "SELECT 1 FROM members WHERE run = ? AND member = ? AND state = 'active' AND generation = ? AND lease_until <= ?",
            known,
            warm,
            first.generation!,
            time,
          ) !== undefined;
        const member = warmIsEqual ? warm : (first.member as number);
        const elapsed = countTime(known, run, time);
        const row = get(
          `SELECT *, EXISTS (SELECT 1 FROM failures f WHERE f.run = members.run AND f.member = members.member) AS has_failed
           FROM members WHERE run = ? AND member = ?`,
          known,
          member,
        )!;
        const free = storedMemberOf(row);
        const held = afterClaim(free, worker, time + leaseMs);
        keep(known, member, free, held);
        return {
          kind: "claimed",
          claim: {
            run: id,
            worker,
            member,
            epoch: held.epoch,
            newest: newestOf(known, member),
            undecided: held.undecided,
            failures: held.failures,
            hasFailed: row.has_failed === 1,
            elapsedMs: elapsed,
            restarted: held.restarted,
          },
        };
      });
    },
    async renewLease(claim, leaseMs) {
      transaction(() => {
        const { key, member } = claimed(claim);
        keep(key, claim.member, member, { ...member, until: now() + leaseMs });
      });
    },
    async releaseMember(claim, restMs = 0) {
      transaction(() => {
        const key = findKey(claim.run);
        if (key === undefined) return;
        const row = get("SELECT * FROM members WHERE run = ? AND member = ?", key, claim.member)!;
        const member = storedMemberOf(row);
        if (member.epoch !== claim.epoch || member.worker === null) return;
        keep(key, claim.member, member, afterRelease(member, now() + restMs));
        noteWorked(key, now());
      });
    },
    async releaseWorker(id, worker) {
      transaction(() => {
        const key = keyOf(id);
        for (const row of all("SELECT * FROM members WHERE run = ? AND worker = ?", key, worker)) {
          const member = storedMemberOf(row);
          noteWorked(key, Math.min(now(), member.until));
          keep(key, row.member as number, member, afterRelease(member));
        }
        execute("DELETE FROM workers WHERE run = ? AND worker = ?", key, worker);
      });
    },

    async publish(claim, since, decide) {
      return transaction(() => {
        const { key, member } = claimed(claim);
        const changes = all(
          `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND seq > ? AND ${earned} ORDER BY seq`,
          key,
          since,
        );
        const publication = decide(changes.map(plainSnapshotOf));
        for (const snapshot of publication.snapshots) append(key, snapshot, claim.worker);
        if (publication.decision) {
          execute(
            `INSERT INTO decisions (run, member, generation, snapshot, kind, donor, weights, hyperparameters, reason)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
            key,
            ...decisionValues(publication.decision),
          );
        }
        keep(key, claim.member, member, afterPublication(member, publication));
        if (publication.best && isBest(key, publication.snapshots.at(-1)!))
          execute("UPDATE runs SET best = ? WHERE key = ?", publication.best, key);
        if (publication.snapshots.length === 0 && !publication.keepClaim) noteWorked(key, now());
        if (publication.ending !== undefined)
          setState(claim.run, { kind: "done", reason: publication.ending });
        else if (publication.member !== "active") endIfNobodyIsLeft(claim.run, publication.reason);
        return (changes.at(-1)?.seq as number | undefined) ?? since;
      });
    },
    async recordFailure(claim, failure, state, restMs = 0) {
      transaction(() => {
        const { key, member } = claimed(claim);
        execute(
          `INSERT INTO failures (run, ${failureColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...[key, ...failureValues(failure)],
        );
        keep(key, claim.member, member, afterFailure(member, state, now() + restMs));
        noteWorked(key, now());
        if (state !== "active") endIfNobodyIsLeft(claim.run);
      });
    },

    async failuresOf(id, member, limit) {
      const latest =
        "SELECT * FROM failures WHERE run = ? AND member = ? ORDER BY seq DESC LIMIT ?";
      return all(latest, keyOf(id), member, limit).map(failureOf);
    },

    async noteWorker(id, worker, state, device) {
      const key = findKey(id);
      if (key === undefined) return;
      transaction(() => {
        execute(
          "DELETE FROM workers WHERE run = ? AND seen_at <= ?",
          key,
          now() - forgottenAfterMs,
        );
        if (!state)
          return execute("DELETE FROM workers WHERE run = ? AND worker = ?", key, worker);
        return execute(
          `INSERT INTO workers (run, worker, device, joined_at, seen_at, state) SELECT key, ?, ?, ?, ?, ? FROM runs WHERE key = ?
           ON CONFLICT (run, worker) DO UPDATE SET device = excluded.device, seen_at = excluded.seen_at, state = excluded.state`,
          ...[worker, device ?? null, now(), now(), JSON.stringify(state), key],
        );
      });
    },

    async workers(id) {
      const heard =
        "SELECT * FROM workers WHERE run = ? AND seen_at > ? ORDER BY joined_at, worker";
      return all(heard, keyOf(id), now() - forgottenAfterMs).map(workerOf);
    },

    async members(id) {
      const rows = all(
        `SELECT m.state AS member_state, m.failures, m.worker AS lease_worker, m.lease_until, s.*
         FROM members m JOIN snapshots s ON s.run = m.run AND s.member = m.member AND s.ordinal = m.newest
         WHERE m.run = ? ORDER BY m.member`,
        keyOf(id),
      );
      return rows.map(
        (row): Member => ({
          member: row.member as number,
          state: row.member_state as MemberState,
          newest: plainSnapshotOf(row),
          failures: row.failures as number,
          ...(row.lease_worker !== null && {
            lease: { worker: row.lease_worker as WorkerId, until: row.lease_until as number },
          }),
          ...(row.lease_worker === null &&
            (row.lease_until as number) > now() && { restsUntil: row.lease_until as number }),
        }),
      );
    },
    async counts(id) {
      const row = get(
        `SELECT (SELECT sum(newest + 1) FROM members WHERE run = ?1) AS snapshots,
           (SELECT count(*) FROM decisions WHERE run = ?1 AND kind = 'copy') AS copies,
           (SELECT count(*) FROM failures WHERE run = ?1) AS failures`,
        keyOf(id),
      )!;
      return {
        snapshots: row.snapshots as number,
        copies: row.copies as number,
        failures: row.failures as number,
      };
    },
    async present(id) {
      return transaction(() => {
        const key = keyOf(id);
        const rows = all(
          `SELECT s.* FROM members m JOIN snapshots s ON s.run = m.run AND s.member = m.member AND s.ordinal = ${newestEarned}
           WHERE m.run = ? ORDER BY m.member`,
          key,
        );
        const { cursor } = get(
          "SELECT coalesce(max(seq), 0) AS cursor FROM snapshots WHERE run = ?",
          key,
        )!;
        return { snapshots: rows.map(plainSnapshotOf), cursor: cursor as number };
      });
    },
    async generation(id, generation) {
      return all(
        `SELECT s.* FROM members m JOIN snapshots s ON s.run = m.run AND s.member = m.member AND s.ordinal =
           (SELECT ordinal FROM snapshots WHERE run = m.run AND member = m.member AND kind = 'trained' AND generation <= ?
            ORDER BY ordinal DESC LIMIT 1)
         WHERE m.run = ? ORDER BY m.member`,
        generation,
        keyOf(id),
      ).map(plainSnapshotOf);
    },
    async *history(id, member) {
      for (let ordinal = Number.MAX_SAFE_INTEGER; ; ) {
        const row = get(
          `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND member = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT 1`,
          keyOf(id),
          member,
          ordinal,
        );
        if (!row) return;
        yield plainSnapshotOf(row);
        ordinal = row.ordinal as number;
      }
    },
    async snapshot(id, snapshot) {
      const row = get(
        `SELECT ${snapshotColumns} FROM snapshots WHERE run = ? AND member = ? AND ordinal = ?`,
        keyOf(id),
        memberOf(snapshot),
        ordinalOf(snapshot),
      );
      if (!row)
        throw new SnapshotNotFoundError(
          `snapshot ${snapshot}: is not in run ${id}; show the run to see which are`,
        );
      return plainSnapshotOf(row);
    },
    async *decisions(id, { member, notable = false } = {}) {
      const conditions = [
        "run = ? AND seq < ?",
        ...(member === undefined ? [] : ["member = ?"]),
        ...(notable ? ["(kind <> 'keep' OR reason LIKE ?)"] : []),
      ].join(" AND ");
      const values = [
        ...(member === undefined ? [] : [member]),
        ...(notable ? [recoveredLike] : []),
      ];
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const text = `SELECT * FROM decisions WHERE ${conditions} ORDER BY seq DESC LIMIT ${decisionsAPage}`;
        const rows = all(text, keyOf(id), before, ...values);
        for (const row of rows) yield decisionOf(row);
        if (rows.length < decisionsAPage) return;
        before = rows.at(-1)!.seq as number;
      }
    },
    async decisionCounts(id) {
      const rows = all(
        "SELECT kind, count(*) AS count FROM decisions WHERE run = ? GROUP BY kind",
        keyOf(id),
      );
      return Object.fromEntries(rows.map(({ kind, count }) => [kind, count])) as DecisionCounts;
    },
    async changes(id, after, limit = 1000) {
      const key = keyOf(id);
      const read = (table: string, seq: number) =>
        all(
          `SELECT * FROM ${table} WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?`,
          key,
          seq,
          limit,
        );
      const snapshots = read("snapshots", after.snapshots);
      const decisions = read("decisions", after.decisions);
      const failures = read("failures", after.failures);
      const last = (rows: readonly Row[], otherwise: number) =>
        (rows.at(-1)?.seq as number | undefined) ?? otherwise;
      return {
        snapshots: snapshots.map(snapshotOf),
        decisions: decisions.map(decisionOf),
        failures: failures.map(failureOf),
        cursor: {
          snapshots: last(snapshots, after.snapshots),
          decisions: last(decisions, after.decisions),
          failures: last(failures, after.failures),
        },
      };
    },
    async *tree(id) {
      const key = keyOf(id);
      const page = database.prepare(
        `SELECT ${treeColumns} FROM snapshots WHERE run = ? AND seq > ? ORDER BY seq LIMIT ${snapshotsAPage}`,
      );
      page.setReturnArrays(true);
      const snapshotOf = treeReader();
      for (let seq = 0; ; ) {
        const rows = page.all(key, seq) as unknown as readonly SQLOutputValue[][];
        yield rows.map(snapshotOf);
        if (rows.length < snapshotsAPage) return;
        seq = rows.at(-1)![0] as number;
      }
    },
    async end(id) {
      const key = keyOf(id);
      const last = (table: string) =>
        get(`SELECT coalesce(max(seq), 0) AS seq FROM ${table} WHERE run = ?`, key)!.seq as number;
      return {
        snapshots: last("snapshots"),
        decisions: last("decisions"),
        failures: last("failures"),
      };
    },
    mark,
    async waitForChange(seen, timeoutMs, signal) {
      const end = performance.now() + timeoutMs;
      while (performance.now() < end && !signal?.aborted && mark() === seen)
        await sleep(Math.min(pollMs, timeoutMs));
    },

    async reserveCheckpoint(claim, checkpoint) {
      transaction(() => {
        const { key, member } = claimed(claim);
        keep(key, claim.member, member, { ...member, reserved: checkpoint });
      });
    },
    async takeCollection(id, restMs) {
      return transaction(() => {
        const key = keyOf(id);
        const time = now();
        const { changes } = execute(
          `UPDATE runs SET collected_at = ?, collected_seq = s.seq FROM (SELECT max(seq) AS seq FROM snapshots WHERE run = ?) s
           WHERE key = ? AND s.seq > collected_seq AND collected_at <= ?`,
          ...[time, key, key, time - restMs],
        );
        return changes > 0;
      });
    },
    async pin(id, name, checkpoint) {
      transaction(() => {
        execute(
          "INSERT OR REPLACE INTO pins (run, name, checkpoint) VALUES (?, ?, ?)",
          keyOf(id),
          name,
          checkpoint,
        );
      });
    },
    async unpin(id, name) {
      transaction(() => {
        execute("DELETE FROM pins WHERE run = ? AND name = ?", keyOf(id), name);
      });
    },
    async collect(id, sweep) {
      transaction(() => {
        const key = keyOf(id);
        const best = rowOf(id).best as SnapshotId | null;
        const live = new Set<SQLOutputValue | undefined>();
        for (const { checkpoint } of all("SELECT checkpoint FROM pins WHERE run = ?", key))
          live.add(checkpoint);
        const newestFirst = sql(
          "SELECT kind, checkpoint FROM snapshots WHERE run = ? AND member = ? ORDER BY ordinal DESC",
        );
        for (const { member, reserved } of all(
          "SELECT member, reserved FROM members WHERE run = ?",
          key,
        )) {
          live.add(reserved);
          const history = newestFirst.iterate(key, member!) as Iterable<
            Pick<Snapshot, "kind"> & Row
          >;
          for (const { checkpoint } of keptSnapshots(history)) live.add(checkpoint);
        }
        if (best) {
          const place =
            "SELECT checkpoint FROM snapshots WHERE run = ? AND member = ? AND ordinal = ?";
          live.add(get(place, key, memberOf(best), ordinalOf(best))?.checkpoint);
        }
        live.delete(null);
        live.delete(undefined);
        sweep(live as ReadonlySet<unknown> as ReadonlySet<CheckpointId>);
      });
    },
    async [Symbol.asyncDispose]() {
      database.close();
    },
  };
}
