/** Parts of transactions that several methods of the store share. */
import { list, type Row, type Sql, type SqlValue, sql } from "../../database/sql.ts";
import { all, get, type Steps } from "../../database/steps.ts";
import { runStateAfter, type StoredMember, whyClaimIsLost } from "../member-lifecycle.ts";
import {
  type Claim,
  elapsedMs,
  leaseLost,
  type MemberState,
  type RunState,
} from "../population-store.ts";
import { activeUntil, members, workTimeOf } from "../rows.ts";
import { workTime } from "../work-time.ts";
import type { Dialect } from "./dialect.ts";

/** Selects runs `r` with the database's clock, and what `activeUntil` reads. */
export function selectRuns(dialect: Dialect, which: Sql): Sql {
  return sql`SELECT r.*, ${dialect.clock()} AS now,
      (SELECT published_at FROM clade.snapshots WHERE run = r.key ORDER BY seq DESC LIMIT 1)
        AS last_published,
      (SELECT max(lease_until) FROM clade.members WHERE run = r.key AND worker IS NOT NULL)
        AS last_lease
    FROM clade.runs r ${which}`;
}

/** The member of a claim. Throws `LeaseLostError` if the claim no longer holds. */
export function* requireClaim(dialect: Dialect, key: number, claim: Claim): Steps<StoredMember> {
  const row = yield* get(
    sql`SELECT m.*, (SELECT state FROM clade.runs WHERE key = ${key}) AS run_state
      FROM clade.members m WHERE run = ${key} AND member = ${claim.member} ${dialect.forUpdate}`,
  );
  const member = row && members.read(row);
  const run = (row?.run_state ?? undefined) as RunState["kind"] | undefined;
  const why = whyClaimIsLost(claim, member, run);
  if (why !== undefined) throw leaseLost(claim, why);
  return member!;
}

/** Selects members of a run that the transaction may change. */
export function selectMembers(dialect: Dialect, key: number, which: Sql): Sql {
  return sql`SELECT * FROM clade.members WHERE run = ${key} ${which} ORDER BY member
    ${dialect.forUpdate}`;
}

/** Writes the changed parts of a member, if there are any. */
export function memberUpdate(
  key: number,
  number: number,
  before: StoredMember,
  next: StoredMember,
): Sql[] {
  const set = members.changes(before, next);
  if (set.length === 0) return [];
  return [sql`UPDATE clade.members SET ${list(set)} WHERE run = ${key} AND member = ${number}`];
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
  const row: Row = (yield* get(
    selectRuns(dialect, sql`WHERE key = ${key} ${dialect.forUpdate}`),
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
  const states = rows.map(({ state }) => state as MemberState);
  const state = runStateAfter(states, reason);
  if (state) yield* setState(dialect, key, state);
}
