/** Parts of transactions that several methods of the store share. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import { ordinalOf, type Snapshot } from "../../algorithm/snapshot.ts";
import { list, raw, type Sql, type SqlValue, sql } from "../../database/sql.ts";
import { all, get, type Steps } from "../../database/steps.ts";
import { runStateAfter, type StoredMember, whyClaimIsLost } from "../member-lifecycle.ts";
import {
  type Claim,
  elapsedMs,
  leaseLost,
  type MemberState,
  type RunState,
  type WorkerId,
} from "../population-store.ts";
import {
  activeUntil,
  decisionValues,
  memberColumns,
  memberFields,
  memberValue,
  snapshotValues,
  storedMemberOf,
  workTimeOf,
} from "../rows.ts";
import { workTime } from "../work-time.ts";
import type { Dialect } from "./dialect.ts";

/** A run `r` with the database's clock, and what `activeUntil` reads. */
export function runColumns(clock: Sql): Sql {
  return sql`r.*, ${clock} AS now,
    (SELECT published_at FROM clade.snapshots WHERE run = r.key ORDER BY seq DESC LIMIT 1)
      AS last_published,
    (SELECT max(lease_until) FROM clade.members WHERE run = r.key AND worker IS NOT NULL)
      AS last_lease`;
}

/** The member of a claim. Throws `LeaseLostError` if the claim no longer holds. */
export function* requireClaim(dialect: Dialect, key: number, claim: Claim): Steps<StoredMember> {
  const row = yield* get(
    sql`SELECT m.*, (SELECT state FROM clade.runs WHERE key = ${key}) AS run_state
      FROM clade.members m WHERE run = ${key} AND member = ${claim.member} ${dialect.forUpdate}`,
  );
  const member = row && storedMemberOf(row);
  const run = (row?.run_state ?? undefined) as RunState["kind"] | undefined;
  const why = whyClaimIsLost(claim, member, run);
  if (why !== undefined) throw leaseLost(claim, why);
  return member!;
}

/** Writes the changed parts of a member, if there are any. */
export function memberUpdate(
  key: number,
  number: number,
  before: StoredMember,
  next: StoredMember,
): Sql[] {
  const names = memberFields.filter((name) => next[name] !== before[name]);
  if (names.length === 0) return [];
  const set = names.map((name) => sql`${raw(memberColumns[name])} = ${memberValue(next, name)}`);
  return [sql`UPDATE clade.members SET ${list(set)} WHERE run = ${key} AND member = ${number}`];
}

export function newSnapshot(
  key: SqlValue,
  snapshot: Snapshot,
  worker: WorkerId | null,
  publishedAt: Sql,
): Sql {
  const values = snapshotValues(snapshot, ordinalOf(snapshot.id)) as readonly SqlValue[];
  return sql`INSERT INTO clade.snapshots (run, member, ordinal, kind, parent, donor, generation,
      step, member_steps, hyperparameters, checkpoint, score, samples, metrics, worker,
      published_at)
    VALUES (${list([key, ...values, worker, publishedAt])})`;
}

export function newDecision(key: number, decision: Decision): Sql {
  const values = decisionValues(decision) as readonly SqlValue[];
  return sql`INSERT INTO clade.decisions (run, member, generation, snapshot, kind, donor, weights,
      hyperparameters, reason)
    VALUES (${list([key, ...values])})`;
}

/**
 * Members that are given back without a publication leave no time of their last work, so that time
 * is stored here.
 */
export function noteWorked(key: number, until: SqlValue): Sql {
  return sql`UPDATE clade.runs SET worked_until = ${until}
    WHERE key = ${key} AND worked_until < ${until}`;
}

export function* setState(dialect: Dialect, key: number, state: RunState): Steps<void> {
  const row = (yield* get(
    sql`SELECT ${runColumns(dialect.clock())} FROM clade.runs r WHERE key = ${key}
      ${dialect.forUpdate}`,
  ))!;
  const now = row.now as number;
  const elapsed = elapsedMs(workTime(workTimeOf(row), activeUntil(row), now), now);
  yield [
    sql`UPDATE clade.runs SET state = ${state.kind},
        reason = ${"reason" in state ? state.reason : null}, elapsed_ms = ${elapsed},
        running_since = NULL
      WHERE key = ${key}`,
  ];
}

export function* endIfNobodyIsLeft(dialect: Dialect, key: number, reason?: string): Steps<void> {
  const rows = yield* all(sql`SELECT DISTINCT state FROM clade.members WHERE run = ${key}`);
  const members = rows.map(({ state }) => state as MemberState);
  const state = runStateAfter(members, reason);
  if (state) yield* setState(dialect, key, state);
}
