/**
 * A population in a PostgreSQL database, shared by the workers of many machines. Only the
 * database's clock decides about leases.
 *
 * Whoever appends to a run holds its lock (an advisory lock of the transaction): publications come
 * one after the other, and "everything after seq" misses nothing. The lock is not held while a
 * worker decides: what others publish in that moment, the next decision sees. In a synchronous run
 * nobody can. A second lock keeps a collection apart from whatever changes what it must keep.
 * Claims and renewals lock only their member, and claims skip what is locked.
 */
import { setTimeout as pause } from "node:timers/promises";
import {
  type CheckpointId,
  memberOf,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
} from "../../algorithm/snapshot.ts";
import { type DecisionCounts, recoveredLike } from "../decisions.ts";
import { runStateAfter, whyClaimIsLost } from "../member-lifecycle.ts";
import {
  type Claim,
  idTaken,
  leaseLost,
  type Member,
  type MemberState,
  type PopulationStore,
  type Publication,
  type Run,
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
  failureColumns,
  failureOfJson,
  failureValues,
  noteOf,
  plainSnapshotOf,
  type Row,
  runOf,
  runsOf,
  snapshotColumns,
  snapshotOf,
  snapshotValues,
  treeColumns,
  treeReader,
  workerOf,
} from "../rows.ts";
import { forgottenAfterMs } from "../run-worker.ts";
import { Connection, type Query } from "./connection.ts";
import { databaseFunction } from "./functions.ts";
import { migrate } from "./migrate.ts";
import type { PostgresOptions } from "./open.ts";
import { type Published, Readers, snapshotFrom } from "./readers.ts";
import { list, Sql, type SqlValue, sql, together } from "./sql.ts";

/** A waiting worker looks again after this time, since a pooler may swallow notifications. */
const pollMs = 500;

/** So few that whoever wants the last ones does not wait for more. */
const decisionsAPage = 250;

const snapshotsAPage = 1_000;

/**
 * "Clad", "Keep" and "Turn" in ASCII: the first numbers of a run's locks. The second is its key.
 */
const lockClass = 0x436c6164;
const collectionLockClass = 0x4b656570;
const collectorsTurnClass = 0x5475726e;

/** PostgreSQL's code for a value that a unique index has already. */
const uniqueViolation = "23505";
/** What the database's functions refuse (see functions.ts): the code, and the two messages. */
const refusal = "CLADE";
const lost = "claim lost";
const replaced = "donor replaced";

const allColumns = new Sql(snapshotColumns);

/** Of the member `m`, the ordinal of the newest snapshot that `isEarned`. */
const newestEarned = sql`(SELECT ordinal FROM clade.snapshots WHERE run = m.run AND member = m.member AND ${new Sql(earned)}
  ORDER BY ordinal DESC LIMIT 1)`;

/** For what only a collection must not meet. */
const withoutCollection = (key: number) =>
  sql`SELECT pg_advisory_xact_lock_shared(${collectionLockClass}, ${key})`;
const exclusively = (key: number) =>
  sql`${withoutCollection(key)}; SELECT pg_advisory_xact_lock(${lockClass}, ${key})`;
/**
 * Of several that would collect one waits for the lock, so that behind a pooler the others hold no
 * connection that it needs.
 */
const collectorsTurn = (key: number) =>
  sql`SELECT pg_try_advisory_xact_lock(${collectorsTurnClass}, ${key})::integer AS is_ours`;
const collectorsPauseMs = 100;

const asCollection = (key: number) =>
  sql`SELECT pg_advisory_xact_lock(${collectionLockClass}, ${key})`;

const changed = sql`SELECT pg_notify('clade', '')`;

const values = (given: readonly unknown[]) => list(given as readonly SqlValue[]);
const free = sql`worker = NULL, lease_until = 0, reserved = NULL`;

/**
 * Connects to a database, and makes Clade's tables where there are none. `now` replaces the
 * database's clock in tests. Throws `StoreVersionError`, and a `CladeError` for what a user can
 * mend.
 */
export async function postgresPopulationStore(
  url: string,
  { now, tellWaiting }: PostgresOptions & { readonly now?: () => number } = {},
): Promise<PopulationStore> {
  const connection = new Connection(url, tellWaiting);
  const keys = new Map<RunId, number>();
  try {
    await migrate(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }

  /** Unix time in milliseconds, by the database's clock. */
  const clock = () =>
    now ? sql`${now()}::bigint` : sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;
  /**
   * A time of the database's clock by the clock of this machine, given what the database's said
   * when it answered.
   */
  const local = (time: unknown, atDatabase: unknown) =>
    (now ?? Date.now)() - ((atDatabase as number) - (time as number));

  const readers = new Readers();

  const query = (statements: Sql) => connection.query(statements);
  const all = async (statement: Sql): Promise<readonly Row[]> => (await query(statement)).at(-1)!;
  const get = async (statement: Sql): Promise<Row | undefined> => (await all(statement))[0];

  async function findKey(id: RunId): Promise<number | undefined> {
    const known = keys.get(id);
    if (known !== undefined) return known;
    const key = (await get(sql`SELECT key FROM clade.runs WHERE id = ${id}`))?.key as
      | number
      | undefined;
    if (key !== undefined) keys.set(id, key);
    return key;
  }

  async function keyOf(id: RunId): Promise<number> {
    const key = await findKey(id);
    if (key !== undefined) return key;
    throw notFound(id);
  }

  const toRun = (row: Row): Run => {
    const { runningSince, ...run } = runOf(row, row.now as number);
    return {
      ...run,
      ...(runningSince !== undefined && { runningSince: local(runningSince, row.now) }),
    };
  };
  const runColumns = () =>
    sql`r.*, ${databaseFunction("active_until")}(r.key) AS active_until, ${clock()} AS now`;

  const readRuns = async () =>
    runsOf(await all(sql`SELECT ${runColumns()} FROM clade.runs r ORDER BY key`), toRun);

  /**
   * Where members are given back without a publication, what it would say is kept: until when
   * somebody has worked.
   */
  const noteWorked = (key: Sql | number, until: Sql) =>
    sql`UPDATE clade.runs SET worked_until = greatest(worked_until, ${until}) WHERE key = ${key}`;

  async function readRun(id: RunId): Promise<Run> {
    const row = await get(sql`SELECT ${runColumns()} FROM clade.runs r WHERE id = ${id}`);
    if (row) return toRun(row);
    throw notFound(id);
  }

  function setState(key: number, state: RunState): Sql {
    return sql`UPDATE clade.runs r SET state = ${state.kind}, reason = ${"reason" in state ? state.reason : null},
      elapsed_ms = elapsed_ms + coalesce(greatest(0, least(${clock()}, ${databaseFunction("active_until")}(r.key)) - running_since), 0),
      running_since = NULL WHERE key = ${key}`;
  }

  /** What ends the run when no member is active any more. */
  async function ending(key: number, query: Query, reason?: string): Promise<Sql | undefined> {
    const [rows] = await query(sql`SELECT DISTINCT state FROM clade.members WHERE run = ${key}`);
    const members = rows!.map(({ state }) => state as MemberState);
    const state = runStateAfter(members, reason);
    return state && setState(key, state);
  }

  /** What tells whether a claim is still valid. */
  const validity = (claim: Claim, key: number) =>
    sql`SELECT m.epoch, m.worker, r.state FROM clade.members m JOIN clade.runs r ON r.key = m.run
      WHERE m.run = ${key} AND m.member = ${claim.member}`;

  function refuseLost(claim: Claim, row: Row | undefined): void {
    const member = row && { epoch: row.epoch as number, worker: row.worker as WorkerId | null };
    const why = whyClaimIsLost(claim, member, row?.state as RunState["kind"] | undefined);
    if (why !== undefined) throw leaseLost(claim, why);
  }

  const claimed = ({ member, epoch, worker }: Claim, key: number) =>
    list([key, member, epoch, worker]);

  /** Runs what is refused for a claim that is no longer valid, and says why. */
  async function fenced<T>(claim: Claim, work: (key: number) => Promise<T>): Promise<T> {
    const key = await findKey(claim.run);
    if (key === undefined) throw leaseLost(claim, "the run was removed");
    try {
      return await work(key);
    } catch (error) {
      if (!isRefusal(error, lost)) throw error;
      refuseLost(claim, await get(validity(claim, key)));
      throw leaseLost(claim, "the run was stopped and resumed");
    }
  }

  /** Whether a publication that was sent before the connection broke has come through. */
  async function cameThrough(
    claim: Claim,
    key: number,
    { snapshots, decision }: Publication,
    query: Query,
  ) {
    const { member, worker, epoch } = claim;
    const [first] = snapshots;
    if (!first && !decision) return false;
    const [rows] = await query(
      first
        ? sql`SELECT 1 FROM clade.snapshots WHERE run = ${key} AND member = ${member} AND ordinal = ${ordinalOf(first.id)} AND worker = ${worker}`
        : sql`SELECT 1 FROM clade.decisions d JOIN clade.members m ON m.run = d.run AND m.member = d.member
            WHERE d.run = ${key} AND d.member = ${member} AND snapshot = ${decision!.snapshot} AND m.epoch = ${epoch} AND m.worker = ${worker}`,
    );
    return rows!.length > 0;
  }

  /**
   * What `clade.publish` and `clade.append` are called with. `donor` is the snapshot whose
   * checkpoint must be there.
   */
  function appended(
    key: number,
    claim: Claim,
    publication: Publication,
    donor: SnapshotId | undefined,
  ): Sql {
    const { snapshots, decision, best, member, undecided, keepClaim } = publication;
    const rows = snapshots.map(
      (snapshot) =>
        sql`ROW(NULL, ${key}, ${values(snapshotValues(snapshot, ordinalOf(snapshot.id)))}, ${claim.worker}, NULL)`,
    );
    return list([
      claimed(claim, key),
      now?.() ?? null,
      new Sql(String(keepClaim ?? false)),
      member,
      Number(undecided ?? false),
      sql`ARRAY[${list(rows)}]::clade.snapshots[]`,
      decision
        ? sql`ROW(NULL, ${key}, ${values(decisionValues(decision))})::clade.decisions`
        : null,
      donor ?? null,
      best ?? null,
    ]);
  }

  /** What others published, which may have been read with the claim already. */
  async function published(key: number, claim: Claim, since: number): Promise<Published> {
    const read = readers.of(claim).takeRead(claim, since);
    if (read) return read;
    const rows = await all(
      together(
        sql`SELECT ${databaseFunction("require_claim")}(${claimed(claim, key)})`,
        sql`SELECT seq, snapshot FROM ${databaseFunction("published")}(${list([key, since])})`,
      ),
    );
    return {
      snapshots: rows.map(({ snapshot }) => snapshotFrom(snapshot as string)),
      cursor: (rows.at(-1)?.seq as number | undefined) ?? since,
    };
  }

  /**
   * Reads what an answer to a claim consists of row by row, which names the one that is damaged.
   */
  async function requireReadable(key: number, since: number | undefined): Promise<void> {
    const newest = sql`(member, ordinal) IN (SELECT member, newest FROM clade.members WHERE run = ${key})`;
    const rows = await all(
      sql`SELECT ${allColumns} FROM clade.snapshots
        WHERE run = ${key} AND (${newest} OR seq > ${since ?? Number.MAX_SAFE_INTEGER})`,
    );
    rows.forEach(snapshotOf);
  }

  /** Appends a publication, once, however often its connection is lost. */
  async function publishOnce(
    key: number,
    claim: Claim,
    publication: Publication,
    donor?: SnapshotId,
  ) {
    const given = appended(key, claim, publication, donor);
    let attempts = 0;
    const cameThroughBefore = async (query: Query) =>
      attempts++ > 0 && (await cameThrough(claim, key, publication, query));
    if (publication.ending === undefined && publication.member === "active") {
      const { next } = publication;
      const reader = readers.of(claim);
      const claiming = list([
        next?.leaseMs ?? null,
        next?.warm ?? null,
        reader.seen ?? null,
        null,
      ]);
      return await connection.patiently(async (query) => {
        // A claim whose answer is lost ends with its lease.
        if (await cameThroughBefore(query))
          return void (await query(sql`SELECT ${databaseFunction("await_disk")}()`));
        const [[row]] = (await query(
          sql`CALL ${databaseFunction("publish")}(${given}, ${claiming})`,
        )) as [[Row]];
        if (row.next !== null) reader.claimedAhead(row.next as string);
      });
    }
    await connection.transaction(exclusively(key), async (_, query) => {
      if (!(await cameThroughBefore(query)))
        await query(sql`SELECT ${databaseFunction("append")}(${given})`);
      const state =
        publication.ending === undefined
          ? await ending(key, query, publication.reason)
          : setState(key, { kind: "done", reason: publication.ending });
      await query(together(noteWorked(key, clock()), state, changed, sql`COMMIT`));
    });
  }

  return {
    async createRun(run, roots) {
      const [key, createdAt] = [sql`(SELECT key FROM clade.runs WHERE id = ${run.id})`, clock()];
      const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
      try {
        await query(
          together(
            sql`INSERT INTO clade.runs (id, seed, experiment, synchronous, source, study, control_of, checkpoints, code, created_at, state, elapsed_ms)
              VALUES (${run.id}, ${run.seed}, ${JSON.stringify(run.experiment)}, ${Number(run.experiment.synchronous)},
                ${json(run.source)}, ${json(run.study)}, ${run.controlOf ?? null}, ${run.checkpoints ?? null}, ${json(run.code)}, ${createdAt}, 'running', 0)`,
            ...roots.flatMap((root) => [
              sql`INSERT INTO clade.snapshots (run, member, ordinal, kind, parent, donor, generation, step, member_steps, hyperparameters,
                checkpoint, score, samples, metrics, published_at)
                VALUES (${key}, ${values(snapshotValues(root, ordinalOf(root.id)))}, ${createdAt})`,
              sql`INSERT INTO clade.members (run, member, state, generation, steps, newest, undecided, failures, epoch, lease_until)
                VALUES (${key}, ${root.member}, 'active', 0, 0, 0, 0, 0, 0, 0)`,
            ]),
            changed,
          ),
        );
      } catch (error) {
        throw (error as { code?: string }).code === uniqueViolation ? idTaken(run.id) : error;
      }
      connection.noteChange();
      return await readRun(run.id);
    },
    run: readRun,
    async runs() {
      return (await readRuns()).readable;
    },
    async damagedRuns() {
      return (await readRuns()).damaged;
    },
    async note(id, note) {
      const key = await keyOf(id);
      await query(
        sql`INSERT INTO clade.notes (run, note) VALUES (${key}, ${JSON.stringify(note)})`,
      );
    },
    async notes(id) {
      const rows = await all(
        sql`SELECT note FROM clade.notes WHERE run = ${await keyOf(id)} ORDER BY seq`,
      );
      return rows.map((row) => noteOf(row, id));
    },
    async removeRun(id) {
      const key = await keyOf(id);
      await query(
        together(
          exclusively(key),
          ...["members", "snapshots", "decisions", "failures", "pins", "notes", "workers"].map(
            (name) => sql`DELETE FROM clade.${new Sql(name)} WHERE run = ${key}`,
          ),
          sql`DELETE FROM clade.runs WHERE key = ${key}`,
          changed,
        ),
      );
      keys.delete(id);
      connection.noteChange();
    },
    async resume(id, replacement) {
      const key = await keyOf(id);
      const { experiment, source } = replacement ?? {};
      const mostSteps = experiment?.budget.stepsPerMember ?? Number.MAX_SAFE_INTEGER;
      await connection.transaction(exclusively(key), async (_, query) => {
        await query(
          together(
            experiment &&
              sql`UPDATE clade.runs SET experiment = ${JSON.stringify(experiment)}, synchronous = ${Number(experiment.synchronous)},
                source = ${source ? JSON.stringify(source) : null} WHERE key = ${key}`,
            experiment
              ? sql`UPDATE clade.members SET failures = 0, state = CASE WHEN state = 'stopped' THEN state
                  WHEN steps < ${mostSteps} THEN 'active' ELSE 'finished' END WHERE run = ${key}`
              : sql`UPDATE clade.members SET failures = 0, state = CASE WHEN state = 'failed' THEN 'active' ELSE state END WHERE run = ${key}`,
            sql`UPDATE clade.members SET lease_until = 0 WHERE run = ${key} AND worker IS NULL`,
            setState(key, { kind: "running" }),
          ),
        );
        await query(together(await ending(key, query), changed, sql`COMMIT`));
      });
      connection.noteChange();
    },
    async stop(id) {
      const key = await keyOf(id);
      const ifRunning = sql`${setState(key, { kind: "stopped" })} AND state = 'running'`;
      await query(together(exclusively(key), ifRunning, changed));
      connection.noteChange();
    },

    async claimMember(id, worker, leaseMs, warm) {
      const key = await findKey(id);
      if (key === undefined) return { kind: "ended" };
      const reader = readers.of({ run: id, worker });
      try {
        const ahead = reader.takeClaim();
        if (ahead) return ahead;
        const row = await get(
          sql`SELECT ${databaseFunction("claim")}(${list([key, worker, leaseMs, warm ?? null, now?.() ?? null, reader.seen ?? null])}) AS claim`,
        );
        return reader.claimed(row!.claim as string);
      } catch (error) {
        if (error instanceof SyntaxError) await requireReadable(key, reader.seen);
        throw error;
      }
    },
    async renewLease(claim, leaseMs) {
      await fenced(claim, (key) =>
        query(
          sql`SELECT ${databaseFunction("renew")}(${claimed(claim, key)}, ${clock()} + ${leaseMs})`,
        ),
      );
    },
    async releaseMember(claim, restMs = 0) {
      const key = sql`(SELECT key FROM clade.runs WHERE id = ${claim.run})`;
      const held = sql`run = ${key} AND member = ${claim.member} AND epoch = ${claim.epoch} AND worker = ${claim.worker}`;
      await query(
        together(
          noteWorked(
            key,
            sql`(SELECT least(${clock()}, lease_until) FROM clade.members WHERE ${held})`,
          ),
          sql`UPDATE clade.members SET worker = NULL, lease_until = ${clock()} + ${restMs}, reserved = NULL WHERE ${held}`,
          changed,
        ),
      );
      connection.noteChange();
    },
    async releaseWorker(id, worker) {
      readers.forget(worker);
      const key = await keyOf(id);
      await query(
        together(
          noteWorked(
            key,
            sql`least(${clock()}, (SELECT max(lease_until) FROM clade.members WHERE run = ${key} AND worker = ${worker}))`,
          ),
          sql`UPDATE clade.members SET ${free} WHERE run = ${key} AND worker = ${worker}`,
          sql`DELETE FROM clade.workers WHERE run = ${key} AND worker = ${worker}`,
          changed,
        ),
      );
      connection.noteChange();
    },

    async publish(claim, since, decide) {
      return await fenced(claim, async (key) => {
        let seen = since;
        for (let doubted: SnapshotId | undefined; ; ) {
          let changes: readonly Snapshot[] = [];
          if (since < Number.MAX_SAFE_INTEGER) {
            const { snapshots, cursor } = await published(key, claim, seen);
            changes = snapshots;
            seen = cursor;
            readers.of(claim).seen = cursor;
          }
          const publication = decide(changes);
          const donor = donorOf(publication);
          try {
            await publishOnce(key, claim, publication, donor === doubted ? undefined : donor);
          } catch (error) {
            if (!isRefusal(error, replaced)) throw error;
            // Who decides for it again, knowing what is new, knows nothing better.
            doubted = donor;
            continue;
          }
          connection.noteChange();
          return seen;
        }
      });
    },
    async recordFailure(claim, failure, state, restMs = 0) {
      const { member, worker } = claim;
      // JSON, since a text may contain a NUL character and PostgreSQL's may not.
      const said = {
        ...failure,
        message: JSON.stringify(failure.message),
        stack: JSON.stringify(failure.stack),
      };
      await fenced(claim, (key) =>
        connection.transaction(exclusively(key), async (_, query) => {
          await query(
            together(
              sql`SELECT ${databaseFunction("require_claim")}(${claimed(claim, key)})`,
              sql`UPDATE clade.members SET failures = failures + 1, state = ${state}, worker = NULL, lease_until = ${clock()} + ${restMs},
                reserved = NULL WHERE run = ${key} AND member = ${member} AND epoch = ${claim.epoch} AND worker = ${worker}`,
              noteWorked(key, clock()),
              sql`INSERT INTO clade.failures (run, ${new Sql(failureColumns)}) VALUES (${key}, ${values(failureValues(said))})`,
            ),
          );
          const end = state === "active" ? undefined : await ending(key, query);
          await query(together(end, changed, sql`COMMIT`));
        }),
      );
      connection.noteChange();
    },

    async failuresOf(id, member, limit) {
      const rows = await all(
        sql`SELECT * FROM clade.failures WHERE run = ${await keyOf(id)} AND member = ${member} ORDER BY seq DESC LIMIT ${limit}`,
      );
      return rows.map(failureOfJson);
    },

    async noteWorker(id, worker, state, device) {
      const key = await findKey(id);
      if (key === undefined) return;
      const is = sql`run = ${key} AND worker = ${worker}`;
      await query(
        together(
          // What a crash of the server forgets is said again.
          sql`SELECT set_config('synchronous_commit', 'off', true)`,
          sql`DELETE FROM clade.workers WHERE run = ${key} AND seen_at <= ${clock()} - ${forgottenAfterMs}`,
          state
            ? sql`INSERT INTO clade.workers (run, worker, device, joined_at, seen_at, state)
                SELECT key, ${worker}, ${device ?? null}, ${clock()}, ${clock()}, ${JSON.stringify(state)} FROM clade.runs WHERE key = ${key}
                ON CONFLICT (run, worker) DO UPDATE SET device = excluded.device, seen_at = excluded.seen_at, state = excluded.state`
            : sql`DELETE FROM clade.workers WHERE ${is}`,
        ),
      );
    },

    async workers(id) {
      const rows = await all(
        sql`SELECT *, ${clock()} AS now FROM clade.workers WHERE run = ${await keyOf(id)} AND seen_at > ${clock()} - ${forgottenAfterMs}
          ORDER BY joined_at, worker`,
      );
      return rows.map(({ now: atDatabase, joined_at, seen_at, ...row }) =>
        workerOf({
          ...row,
          joined_at: local(joined_at, atDatabase),
          seen_at: local(seen_at, atDatabase),
        }),
      );
    },

    async members(id) {
      const rows = await all(
        sql`SELECT m.state AS member_state, m.failures, m.worker AS lease_worker, m.lease_until, ${clock()} AS now, s.*
          FROM clade.members m JOIN clade.snapshots s ON s.run = m.run AND s.member = m.member AND s.ordinal = m.newest
          WHERE m.run = ${await keyOf(id)} ORDER BY m.member`,
      );
      return rows.map(
        (row): Member => ({
          member: row.member as number,
          state: row.member_state as MemberState,
          newest: plainSnapshotOf(row),
          failures: row.failures as number,
          ...(row.lease_worker !== null && {
            lease: {
              worker: row.lease_worker as WorkerId,
              until: local(row.lease_until, row.now),
            },
          }),
          ...(row.lease_worker === null &&
            (row.lease_until as number) > (row.now as number) && {
              restsUntil: local(row.lease_until, row.now),
            }),
        }),
      );
    },
    async counts(id) {
      const key = await keyOf(id);
      const row = await get(
        sql`SELECT (SELECT sum(newest + 1) FROM clade.members WHERE run = ${key}) AS snapshots,
          (SELECT count(*) FROM clade.decisions WHERE run = ${key} AND kind = 'copy') AS copies,
          (SELECT count(*) FROM clade.failures WHERE run = ${key}) AS failures`,
      );
      const { snapshots, copies, failures } = row as Record<string, number>;
      return { snapshots: snapshots!, copies: copies!, failures: failures! };
    },
    async present(id) {
      const key = await keyOf(id);
      // The place first: what is published in between is read again, and not missed.
      const [places, rows] = await query(
        together(
          sql`SELECT coalesce(max(seq), 0) AS cursor FROM clade.snapshots WHERE run = ${key}`,
          sql`SELECT s.* FROM clade.members m JOIN clade.snapshots s ON s.run = m.run AND s.member = m.member AND s.ordinal = ${newestEarned}
            WHERE m.run = ${key} ORDER BY m.member`,
        ),
      );
      return { snapshots: rows!.map(plainSnapshotOf), cursor: places![0]!.cursor as number };
    },
    async generation(id, generation) {
      const rows = await all(
        sql`SELECT s.* FROM clade.members m JOIN clade.snapshots s ON s.run = m.run AND s.member = m.member AND s.ordinal =
            (SELECT ordinal FROM clade.snapshots WHERE run = m.run AND member = m.member AND kind = 'trained' AND generation <= ${generation}
              ORDER BY ordinal DESC LIMIT 1)
          WHERE m.run = ${await keyOf(id)} ORDER BY m.member`,
      );
      return rows.map(plainSnapshotOf);
    },
    async *history(id, member) {
      const key = await keyOf(id);
      for (let ordinal = 2 ** 31 - 1; ; ) {
        const row = await get(
          sql`SELECT ${allColumns} FROM clade.snapshots WHERE run = ${key} AND member = ${member} AND ordinal < ${ordinal} ORDER BY ordinal DESC LIMIT 1`,
        );
        if (!row) return;
        yield plainSnapshotOf(row);
        ordinal = row.ordinal as number;
      }
    },
    async snapshot(id, snapshot) {
      const [member, ordinal] = [memberOf(snapshot), ordinalOf(snapshot)];
      const key = await keyOf(id);
      const isOne = Number.isInteger(member) && Number.isInteger(ordinal);
      const row = isOne
        ? await get(
            sql`SELECT ${allColumns} FROM clade.snapshots WHERE run = ${key} AND member = ${member} AND ordinal = ${ordinal}`,
          )
        : undefined;
      if (row) return plainSnapshotOf(row);
      throw new SnapshotNotFoundError(
        `snapshot ${snapshot}: is not in run ${id}; show the run to see which are`,
      );
    },
    async *decisions(id, { member, notable = false } = {}) {
      const key = await keyOf(id);
      const ofMember = member === undefined ? sql`true` : sql`member = ${member}`;
      const wanted = notable ? sql`(kind <> 'keep' OR reason LIKE ${recoveredLike})` : sql`true`;
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const rows = await all(
          sql`SELECT * FROM clade.decisions WHERE run = ${key} AND seq < ${before} AND ${ofMember} AND ${wanted}
            ORDER BY seq DESC LIMIT ${decisionsAPage}`,
        );
        for (const row of rows) yield decisionOf(row);
        if (rows.length < decisionsAPage) return;
        before = rows.at(-1)!.seq as number;
      }
    },
    async decisionCounts(id) {
      const rows = await all(
        sql`SELECT kind, count(*) AS count FROM clade.decisions WHERE run = ${await keyOf(id)} GROUP BY kind`,
      );
      return Object.fromEntries(rows.map(({ kind, count }) => [kind, count])) as DecisionCounts;
    },
    async changes(id, after, limit = 1000) {
      const key = await keyOf(id);
      const read = (table: string, seq: number) =>
        sql`SELECT * FROM clade.${new Sql(table)} WHERE run = ${key} AND seq > ${seq} ORDER BY seq LIMIT ${limit}`;
      const [snapshots, decisions, failures] = (await query(
        together(
          read("snapshots", after.snapshots),
          read("decisions", after.decisions),
          read("failures", after.failures),
        ),
      )) as [Row[], Row[], Row[]];
      const last = (rows: readonly Row[], otherwise: number) =>
        (rows.at(-1)?.seq as number | undefined) ?? otherwise;
      return {
        snapshots: snapshots.map(snapshotOf),
        decisions: decisions.map(decisionOf),
        failures: failures.map(failureOfJson),
        cursor: {
          snapshots: last(snapshots, after.snapshots),
          decisions: last(decisions, after.decisions),
          failures: last(failures, after.failures),
        },
      };
    },
    async *tree(id) {
      const key = await keyOf(id);
      const snapshotOf = treeReader();
      for (let seq = 0; ; ) {
        const rows = await all(
          sql`SELECT ${new Sql(treeColumns)} FROM clade.snapshots WHERE run = ${key} AND seq > ${seq}
            ORDER BY seq LIMIT ${snapshotsAPage}`,
        );
        yield rows.map((row) => snapshotOf(Object.values(row)));
        if (rows.length < snapshotsAPage) return;
        seq = rows.at(-1)!.seq as number;
      }
    },
    async end(id) {
      const key = await keyOf(id);
      const last = (table: string) =>
        sql`(SELECT coalesce(max(seq), 0) FROM clade.${new Sql(table)} WHERE run = ${key}) AS ${new Sql(table)}`;
      const row = await get(
        sql`SELECT ${last("snapshots")}, ${last("decisions")}, ${last("failures")}`,
      );
      const { snapshots, decisions, failures } = row as Record<string, number>;
      return { snapshots: snapshots!, decisions: decisions!, failures: failures! };
    },
    mark: () => String(connection.changes),
    waitForChange: (seen, timeoutMs, signal) =>
      connection.wait(Number(seen), Math.min(timeoutMs, pollMs), signal),

    async reserveCheckpoint(claim, checkpoint) {
      await fenced(claim, (key) =>
        query(sql`SELECT ${databaseFunction("reserve")}(${claimed(claim, key)}, ${checkpoint})`),
      );
    },
    async takeCollection(id, restMs) {
      const key = await keyOf(id);
      const rows = await all(
        sql`UPDATE clade.runs SET collected_at = ${clock()}, collected_seq = s.seq FROM (SELECT max(seq) AS seq FROM clade.snapshots WHERE run = ${key}) s
          WHERE key = ${key} AND s.seq > collected_seq AND collected_at <= ${clock()} - ${restMs} RETURNING 1`,
      );
      return rows.length > 0;
    },
    async pin(id, name, checkpoint) {
      const key = await keyOf(id);
      await query(
        together(
          withoutCollection(key),
          sql`INSERT INTO clade.pins (run, name, checkpoint) VALUES (${key}, ${name}, ${checkpoint})
            ON CONFLICT (run, name) DO UPDATE SET checkpoint = excluded.checkpoint`,
        ),
      );
    },
    async unpin(id, name) {
      await query(sql`DELETE FROM clade.pins WHERE run = ${await keyOf(id)} AND name = ${name}`);
    },
    async collect(id, sweep) {
      const key = await keyOf(id);
      const live = sql`WITH best AS (SELECT split_part(best, '.', 1)::integer AS member, split_part(best, '.', 2)::integer AS ordinal
            FROM clade.runs WHERE key = ${key} AND best IS NOT NULL),
          places (member, ordinal) AS (
            SELECT member, kept FROM clade.members, ${databaseFunction("kept")}(run, member) kept WHERE run = ${key}
            UNION SELECT member, ordinal FROM best)
        SELECT (SELECT checkpoint FROM clade.snapshots s WHERE s.run = ${key} AND s.member = p.member AND s.ordinal = p.ordinal)
          AS checkpoint FROM places p
        UNION SELECT reserved FROM clade.members WHERE run = ${key}
        UNION SELECT checkpoint FROM clade.pins WHERE run = ${key}`;
      const isThere = sql`SELECT 1 FROM clade.runs WHERE key = ${key}`;
      const collected = (): Promise<boolean> =>
        connection.transaction(collectorsTurn(key), async ([turns], query) => {
          if (turns?.[0]?.is_ours !== 1) {
            await query(sql`ROLLBACK`);
            return false;
          }
          const [, runs = [], rows = []] = await query(together(asCollection(key), isThere, live));
          if (runs.length === 0) throw notFound(id);
          // What a crash of the server could still forget must not have cost the checkpoint before
          // it.
          await connection.queryBeside(sql`SELECT ${databaseFunction("await_disk")}()`);
          sweep(
            new Set(
              rows.flatMap((row) =>
                row.checkpoint === null ? [] : [row.checkpoint as CheckpointId],
              ),
            ),
          );
          await query(sql`COMMIT`);
          return true;
        });
      while (!(await collected())) await pause(collectorsPauseMs);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

function isRefusal(error: unknown, message: string): boolean {
  const refused = error as { readonly code?: string; readonly message: string };
  return refused.code === refusal && refused.message === message;
}

/** The snapshot of another member whose checkpoint a publication relies on. */
function donorOf({ snapshots }: Publication): SnapshotId | undefined {
  const copied = snapshots.find(
    ({ kind, checkpoint }) => kind === "copied" && checkpoint !== undefined,
  );
  const { parent, member } = copied ?? {};
  return parent !== undefined && memberOf(parent) !== member ? parent : undefined;
}

function notFound(id: RunId): RunNotFoundError {
  return new RunNotFoundError(`run ${id}: is not in the store; list the runs to see which are`);
}
