/**
 * What workers do in every generation: calls of the database's functions (`functions.sql`). Claims
 * and renewals lock only their member, and claims skip what is locked. The run's lock is not held
 * while a worker decides: what others publish in that moment, the next decision sees. In a
 * synchronous run nobody can.
 */
import { setTimeout as pause } from "node:timers/promises";
import {
  type CheckpointId,
  memberOf,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
} from "../../algorithm/snapshot.ts";
import { type Claim, leaseLost, type Publication } from "../population-store.ts";
import { decisionValues, type Row, snapshotColumns, snapshotOf, snapshotValues } from "../rows.ts";
import { get, type HotPath, type Steps } from "../sql/dialect.ts";
import { type RunKeys, runNotFound } from "../sql/run-keys.ts";
import { list, raw, type Sql, type SqlValue, sql, together } from "../sql/sql.ts";
import { endIfNobodyIsLeft, noteWorked, requireClaim, setState } from "../sql/steps.ts";
import type { Connection } from "./connection.ts";
import { databaseFunction } from "./functions.ts";
import { collectionLockClass, type PostgresDialect, take } from "./postgres-dialect.ts";
import { type Published, type Readers, snapshotFrom } from "./readers.ts";

/** A waiting worker looks again after this time, since a pooler may swallow notifications. */
const pollMs = 500;

/** "Turn" in ASCII, as the other locks. */
const collectorsTurnClass = 0x5475726e;
const collectorsPauseMs = 100;

/** What the database's functions refuse (see functions.sql): the code, and the two messages. */
const refusal = "CLADE";
const lost = "claim lost";
const replaced = "donor replaced";

export function postgresHotPath(
  connection: Connection,
  dialect: PostgresDialect,
  keys: RunKeys,
  readers: Readers,
): HotPath {
  const { now } = dialect;
  const call = (name: string, ...values: readonly SqlValue[]) =>
    sql`SELECT ${databaseFunction(name)}(${list(values)}) AS result`;

  async function all(statement: Sql): Promise<readonly Row[]> {
    return (await connection.query(statement)).at(-1)!;
  }

  const claimed = ({ member, epoch, worker }: Claim, key: number) =>
    list([key, member, epoch, worker]);

  /** Runs what is refused for a claim that is no longer valid, and says why. */
  async function fenced<T>(claim: Claim, work: (key: number) => Promise<T>): Promise<T> {
    const key = await keys.find(claim.run);
    if (key === undefined) throw leaseLost(claim, "the run was removed");
    try {
      return await work(key);
    } catch (error) {
      if (!isRefusal(error, lost)) throw error;
      await connection.patiently((query) => take(requireClaim(dialect, key, claim), query));
      throw leaseLost(claim, "the run was stopped and resumed");
    }
  }

  /** Whether a publication that was sent before the connection broke has come through. */
  function* cameThrough(
    claim: Claim,
    key: number,
    { snapshots, decision }: Publication,
  ): Steps<boolean> {
    const { member, worker, epoch } = claim;
    const [first] = snapshots;
    if (!first && !decision) return false;
    const row = yield* get(
      first
        ? sql`SELECT 1 FROM clade.snapshots WHERE run = ${key} AND member = ${member}
            AND ordinal = ${ordinalOf(first.id)} AND worker = ${worker}`
        : sql`SELECT 1 FROM clade.decisions d
            JOIN clade.members m ON m.run = d.run AND m.member = d.member
            WHERE d.run = ${key} AND d.member = ${member} AND snapshot = ${decision!.snapshot}
              AND m.epoch = ${epoch} AND m.worker = ${worker}`,
    );
    return row !== undefined;
  }

  /**
   * What `clade.publish` and `clade.append` are called with. `donor` is the snapshot whose
   * checkpoint must be there.
   */
  function appended(
    key: number,
    claim: Claim,
    { snapshots, decision, best, member, undecided, keepClaim }: Publication,
    donor: SnapshotId | undefined,
  ): Sql {
    const rows = snapshots.map((snapshot) => {
      const values = snapshotValues(snapshot, ordinalOf(snapshot.id)) as readonly SqlValue[];
      return sql`ROW(NULL, ${key}, ${list(values)}, ${claim.worker}, NULL)`;
    });
    const decided = decision && (decisionValues(decision) as readonly SqlValue[]);
    return list([
      claimed(claim, key),
      now?.() ?? null,
      raw(String(keepClaim ?? false)),
      member,
      Number(undecided ?? false),
      sql`ARRAY[${list(rows)}]::clade.snapshots[]`,
      decided ? sql`ROW(NULL, ${key}, ${list(decided)})::clade.decisions` : null,
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
        call("require_claim", claimed(claim, key)),
        sql`SELECT seq, snapshot FROM ${databaseFunction("published")}(${list([key, since])})`,
      ),
    );
    return {
      snapshots: rows.map(({ snapshot }) => snapshotFrom(snapshot as string)),
      cursor: (rows.at(-1)?.seq as number | undefined) ?? since,
    };
  }

  /** Reads what an answer to a claim consists of row by row, which names a damaged one. */
  async function requireReadable(key: number, since = Number.MAX_SAFE_INTEGER): Promise<void> {
    const rows = await all(
      sql`SELECT ${raw(snapshotColumns)} FROM clade.snapshots
        WHERE run = ${key} AND (seq > ${since}
          OR (member, ordinal) IN (SELECT member, newest FROM clade.members WHERE run = ${key}))`,
    );
    rows.forEach(snapshotOf);
  }

  /** Appends a publication, once, however often its connection is lost. */
  async function publishOnce(
    key: number,
    claim: Claim,
    publication: Publication,
    donor: SnapshotId | undefined,
  ): Promise<void> {
    const given = appended(key, claim, publication, donor);
    let attempts = 0;
    function* cameThroughBefore(): Steps<boolean> {
      return attempts++ > 0 && (yield* cameThrough(claim, key, publication));
    }
    const { ending, member, reason, next } = publication;
    if (ending === undefined && member === "active") {
      const reader = readers.of(claim);
      const claiming = list([
        next?.leaseMs ?? null,
        next?.warm ?? null,
        reader.seen ?? null,
        null,
      ]);
      return await connection.patiently(async (query) => {
        // A claim whose answer is lost ends with its lease.
        if (await take(cameThroughBefore(), query)) {
          await query(call("await_disk"));
          return;
        }
        const publish = databaseFunction("publish");
        const [[row]] = (await query(sql`CALL ${publish}(${given}, ${claiming})`)) as [[Row]];
        if (row.next !== null) reader.claimedAhead(row.next as string);
      });
    }
    await dialect.exclusively(key, function* () {
      if (!(yield* cameThroughBefore())) yield [call("append", given)];
      yield [noteWorked(key, dialect.clock())];
      if (ending === undefined) yield* endIfNobodyIsLeft(dialect, key, reason);
      else yield* setState(dialect, key, { kind: "done", reason: ending });
    });
  }

  return {
    async claimMember(id, worker, leaseMs, warm) {
      const key = await keys.find(id);
      if (key === undefined) return { kind: "ended" };
      const reader = readers.of({ run: id, worker });
      try {
        const ahead = reader.takeClaim();
        if (ahead) return ahead;
        const given = [key, worker, leaseMs, warm ?? null, now?.() ?? null, reader.seen ?? null];
        const [row] = await all(call("claim", ...given));
        return reader.claimed(row!.result as string);
      } catch (error) {
        if (error instanceof SyntaxError) await requireReadable(key, reader.seen);
        throw error;
      }
    },
    async renewLease(claim, leaseMs) {
      await fenced(claim, (key) =>
        all(call("renew", claimed(claim, key), sql`${dialect.clock()} + ${leaseMs}`)),
      );
    },
    async reserveCheckpoint(claim, checkpoint) {
      await fenced(claim, (key) => all(call("reserve", claimed(claim, key), checkpoint)));
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
    async collect(id, sweep) {
      const key = await keys.of(id);
      while (!(await collectInTurn(key, id, sweep))) await pause(collectorsPauseMs);
    },
    mark: () => String(connection.changes),
    waitForChange: (seen, timeoutMs, signal) =>
      connection.wait(Number(seen), Math.min(timeoutMs, pollMs), signal),
    [Symbol.asyncDispose]: () => connection.close(),
  };

  /**
   * Of several that would collect one waits for the lock, so that behind a pooler the others hold
   * no connection that it needs.
   */
  function collectInTurn(
    key: number,
    id: Claim["run"],
    sweep: (live: ReadonlySet<CheckpointId>) => void,
  ): Promise<boolean> {
    const turn = sql`SELECT pg_try_advisory_xact_lock(${collectorsTurnClass}, ${key})::integer
      AS is_ours`;
    return connection.transaction(turn, async ([turns], query) => {
      if (turns?.[0]?.is_ours !== 1) {
        await query(sql`ROLLBACK`);
        return false;
      }
      const [, runs = [], rows = []] = await query(
        together(
          sql`SELECT pg_advisory_xact_lock(${collectionLockClass}, ${key})`,
          sql`SELECT 1 FROM clade.runs WHERE key = ${key}`,
          liveCheckpoints(key),
        ),
      );
      if (runs.length === 0) throw runNotFound(id);
      // What a crash of the server could still forget must not have cost the checkpoint before it.
      await connection.queryBeside(call("await_disk"));
      const live = rows.map(({ checkpoint }) => checkpoint as CheckpointId | null);
      sweep(new Set(live.filter((checkpoint) => checkpoint !== null)));
      await query(sql`COMMIT`);
      return true;
    });
  }
}

function liveCheckpoints(key: number): Sql {
  return sql`WITH best AS (
      SELECT split_part(best, '.', 1)::integer AS member,
        split_part(best, '.', 2)::integer AS ordinal
      FROM clade.runs WHERE key = ${key} AND best IS NOT NULL),
    places (member, ordinal) AS (
      SELECT member, kept FROM clade.members, ${databaseFunction("kept")}(run, member) kept
        WHERE run = ${key}
      UNION SELECT member, ordinal FROM best)
    SELECT (SELECT checkpoint FROM clade.snapshots s
      WHERE s.run = ${key} AND s.member = p.member AND s.ordinal = p.ordinal) AS checkpoint
      FROM places p
    UNION SELECT reserved FROM clade.members WHERE run = ${key}
    UNION SELECT checkpoint FROM clade.pins WHERE run = ${key}`;
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
