/**
 * What workers do in every generation, as calls of the database's functions (`functions.sql`).
 * Claims and renewals lock only their member, and claims skip locked members. The run's lock is
 * not held while a worker decides. What others publish at that moment is seen by the next
 * decision; in a synchronous run no other worker can publish then.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type CheckpointId, ordinalOf, type Snapshot } from "../../algorithm/snapshot.ts";
import type { Connection } from "../../database/postgres/connection.ts";
import { take } from "../../database/postgres/take.ts";
import {
  list,
  type Row,
  raw,
  type Sql,
  type SqlValue,
  sql,
  together,
} from "../../database/sql.ts";
import { get, type Steps } from "../../database/steps.ts";
import { donorOf } from "../kept-checkpoints.ts";
import {
  appendedBy,
  isUndecidedAfter,
  keepsClaim,
  reasonOf,
  stateAfter,
} from "../member-lifecycle.ts";
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  leaseLost,
  type PopulationStore,
  type Publication,
  type RunId,
  runNotFound,
  type WorkerId,
} from "../population-store.ts";
import { decisions, snapshotOf, snapshotValues } from "../rows.ts";
import type { Dialect, HotPath } from "../sql/dialect.ts";
import type { RunKeys } from "../sql/run-keys.ts";
import { endIfNobodyIsLeft, requireClaim } from "../sql/steps.ts";
import { databaseFunction } from "./functions.ts";
import { collectionLockClass, noCollection } from "./postgres-dialect.ts";

/** A waiting worker looks again after this time, because a pooler may drop notifications. */
const pollMs = 500;

/** "Turn" in ASCII, like the other locks. */
const collectorsTurnClass = 0x5475726e;
const collectorsPauseMs = 100;

/** The error code of the database's functions for a lost claim. */
const refusal = "CLADE";

export function postgresHotPath(
  connection: Connection,
  dialect: Dialect,
  keys: RunKeys,
  newsAfter: PopulationStore["news"],
  now: (() => number) | undefined,
): HotPath {
  const call = (name: string, ...values: readonly SqlValue[]) =>
    sql`SELECT ${databaseFunction(name)}(${list(values)}) AS result`;

  /** Resolves the rows of the last statement. */
  async function all(...statements: readonly Sql[]): Promise<readonly Row[]> {
    return (await connection.query(together(...statements))).at(-1)!;
  }

  const claimed = ({ member, fencingToken, worker }: Claim, key: number) =>
    list([key, member, fencingToken, worker]);

  /** Runs work that fails if a claim is no longer valid, and then explains why. */
  async function fenced<T>(claim: Claim, work: (key: number) => Promise<T>): Promise<T> {
    const key = await keys.ofClaim(claim);
    try {
      return await work(key);
    } catch (error) {
      if ((error as { readonly code?: string }).code !== refusal) throw error;
      await connection.patiently((query) => take(requireClaim(dialect, key, claim), query));
      throw leaseLost(claim, "the run was stopped and resumed");
    }
  }

  /** Whether a publication that was sent before the connection broke was committed. */
  function* cameThrough(claim: Claim, key: number, publication: Publication): Steps<boolean> {
    const { member, worker } = claim;
    const [first] = appendedBy(publication).snapshots;
    if (!first) return false;
    const row = yield* get(
      sql`SELECT 1 FROM clade.snapshots WHERE run = ${key} AND member = ${member}
        AND ordinal = ${ordinalOf(first.id)} AND worker = ${worker}`,
    );
    return row !== undefined;
  }

  /** The arguments of `clade.publish` and `clade.append`. */
  function given(key: number, claim: Claim, publication: Publication): Sql {
    const { snapshots, decision } = appendedBy(publication);
    const row = (values: readonly SqlValue[]) => sql`ROW(NULL, ${key}, ${list(values)})`;
    const rows = snapshots.map((each) => row([...snapshotValues(each), claim.worker, null]));
    const ends = publication.kind === "trained" ? publication.ends : undefined;
    return list([
      claimed(claim, key),
      now?.() ?? null,
      raw(String(keepsClaim(publication))),
      stateAfter(publication) ?? null,
      Number(isUndecidedAfter(publication)),
      snapshots.find(({ kind }) => kind === "restarted")?.generation ?? null,
      sql`ARRAY[${list(rows)}]::clade.snapshots[]`,
      decision ? sql`${row(decisions.values(decision))}::clade.decisions` : null,
      publication.kind === "trained" && publication.mayBeBest ? publication.snapshot.id : null,
      publication.kind === "ended" ? publication.reason : (ends?.reason ?? null),
      ends?.atTotalSteps ?? null,
    ]);
  }

  const claiming = ({ leaseMs, warm, since }: ClaimRequest) =>
    list([leaseMs, warm ?? null, since ?? null]);

  /** The answer of `clade.claim`. News too long for it is read row by row. */
  async function claimResultOf(
    json: string,
    key: number,
    id: RunId,
    worker: WorkerId,
    { since }: ClaimRequest,
  ): Promise<ClaimResult> {
    try {
      const result = claimResult(json, id, worker);
      const isToRead = result.kind === "claimed" && result.claim.undecided && !result.news;
      if (!isToRead || since === undefined) return result;
      return { ...result, news: await newsAfter(id, since) };
    } catch (error) {
      if (error instanceof SyntaxError) await requireReadable(key, since);
      throw error;
    }
  }

  /** Reads the parts of a claim's answer row by row, so that a damaged row is named. */
  async function requireReadable(key: number, since = Number.MAX_SAFE_INTEGER): Promise<void> {
    const rows = await all(
      sql`SELECT * FROM clade.snapshots
        WHERE run = ${key} AND (seq > ${since}
          OR (member, ordinal) IN (SELECT member, newest FROM clade.members WHERE run = ${key}))`,
    );
    rows.forEach(snapshotOf);
  }

  async function claimMember(
    id: RunId,
    worker: WorkerId,
    request: ClaimRequest,
  ): Promise<ClaimResult> {
    const key = await keys.find(id);
    if (key === undefined) return { kind: "ended" };
    const [row] = await all(call("claim", key, worker, now?.() ?? null, claiming(request)));
    return await claimResultOf(row!.result as string, key, id, worker, request);
  }

  /**
   * Appends a publication that leaves the member active. It is appended once, however often the
   * connection is lost.
   */
  async function append(
    key: number,
    claim: Claim,
    publication: Publication,
    next: ClaimRequest | undefined,
  ): Promise<ClaimResult | undefined> {
    let attempts = 0;
    // If the answer to a claim is lost, the claim ends with its lease.
    const json = await connection.patiently(async (query) => {
      if (attempts++ > 0 && (await take(cameThrough(claim, key, publication), query))) {
        await query(call("await_disk"));
        return undefined;
      }
      const values = given(key, claim, publication);
      const request = next ? claiming(next) : raw("NULL, NULL, NULL");
      const [[row]] = (await query(
        sql`CALL ${databaseFunction("publish")}(${values}, ${request}, NULL)`,
      )) as [[{ next: string | null }]];
      return row.next ?? undefined;
    });
    if (!next) return undefined;
    if (json === undefined) return await claimMember(claim.run, claim.worker, next);
    return await claimResultOf(json, key, claim.run, claim.worker, next);
  }

  /** The same for a publication that takes the member, perhaps the last one, out of the run. */
  async function appendLast(key: number, claim: Claim, publication: Publication): Promise<void> {
    let attempts = 0;
    await dialect.exclusively(key, function* () {
      if (attempts++ === 0 || !(yield* cameThrough(claim, key, publication)))
        yield [call("append", given(key, claim, publication))];
      const run = yield* get(sql`SELECT state FROM clade.runs WHERE key = ${key}`);
      if (run?.state === "running") yield* endIfNobodyIsLeft(dialect, key, reasonOf(publication));
    });
  }

  return {
    claimMember,
    async renewLease(claim, leaseMs) {
      // If a crash of the server forgets a renewal, the next one follows soon.
      const until = sql`${dialect.clock()} + ${leaseMs}`;
      await fenced(claim, (key) =>
        all(...dialect.forgettable, call("hold", claimed(claim, key), until, null, null)),
      );
    },
    async reserveCheckpoint(claim, checkpoint) {
      await fenced(claim, (key) =>
        all(noCollection(key), call("hold", claimed(claim, key), null, checkpoint, null)),
      );
    },
    async begin(claim, from) {
      const donor = donorOf(from) ?? null;
      return await fenced(claim, async (key) => {
        const begun = JSON.stringify(from);
        const [row] = await all(
          noCollection(key),
          call("begin", claimed(claim, key), begun, donor),
        );
        return row!.result === 1;
      });
    },
    async publish(claim, publication, next) {
      return await fenced(claim, async (key) => {
        const isLast = stateAfter(publication) !== undefined;
        if (isLast) await appendLast(key, claim, publication);
        const result = isLast ? undefined : await append(key, claim, publication, next);
        connection.noteChange();
        return isLast && next ? await claimMember(claim.run, claim.worker, next) : result;
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
   * Of several collectors only one waits for the lock. Otherwise the others could hold, behind a
   * pooler, the connection that it needs.
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
      // Waits for the disk: a publication that a crash could still undo must not lead to the
      // deletion of the checkpoint before it.
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
    UNION SELECT begun::json ->> 'checkpoint' FROM clade.members WHERE run = ${key}
    UNION SELECT checkpoint FROM clade.pins WHERE run = ${key}`;
}

/** The JSON of `clade.claim`. Throws a `SyntaxError` if a row in it is damaged. */
function claimResult(json: string, run: RunId, worker: WorkerId): ClaimResult {
  const { state, newest, news, undecided, ...claim } = JSON.parse(json);
  if (state !== "running") return { kind: "ended" };
  if (!newest) return { kind: "wait" };
  news?.snapshots.forEach(withNaN);
  const { member } = newest;
  return {
    kind: "claimed",
    claim: { ...claim, run, worker, member, newest: withNaN(newest), undecided: undecided === 1 },
    ...(news && { news }),
  };
}

/** JSON has no NaN, so null stands for it. */
function withNaN(snapshot: Snapshot): Snapshot {
  const metrics = snapshot.metrics as Record<string, number | null>;
  for (const name in metrics) metrics[name] ??= Number.NaN;
  return snapshot;
}
