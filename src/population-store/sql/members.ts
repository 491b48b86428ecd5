import { list, type Row, raw, type SqlValue, sql } from "../../database/sql.ts";
import { all, get, type Steps } from "../../database/steps.ts";
import { afterFailure, afterRelease, whyClaimIsLost } from "../member-lifecycle.ts";
import {
  leaseLost,
  type Member,
  type MemberState,
  type PopulationStore,
  type WorkerId,
} from "../population-store.ts";
import {
  begunOf,
  failureColumns,
  failureValues,
  plainSnapshotOf,
  storedMemberOf,
  workerOf,
} from "../rows.ts";
import { forgottenAfterMs } from "../run-worker.ts";
import type { Dialect } from "./dialect.ts";
import { changeRun, type RunKeys } from "./run-keys.ts";
import { endIfNobodyIsLeft, memberUpdate, noteWorked, requireClaim } from "./steps.ts";

type Members = Pick<
  PopulationStore,
  | "releaseMember"
  | "releaseWorker"
  | "recordFailure"
  | "failuresOf"
  | "noteWorker"
  | "workers"
  | "members"
>;

/** Operations on members and workers outside the hot path. */
export function members(dialect: Dialect, keys: RunKeys): Members {
  function* now(): Steps<number> {
    return (yield* get(sql`SELECT ${dialect.clock()} AS now`))!.now as number;
  }

  function toMember(row: Row): Member {
    const isLeased = row.lease_worker !== null;
    const until = row.lease_until as number;
    const begun = begunOf(row);
    const local = () => dialect.local(until, row.now as number);
    return {
      member: row.member as number,
      state: row.member_state as MemberState,
      newest: plainSnapshotOf(row),
      ...(begun && { begun }),
      failures: row.failures as number,
      ...(isLeased && { lease: { worker: row.lease_worker as WorkerId, until: local() } }),
      ...(!isLeased && until > (row.now as number) && { restsUntil: local() }),
    };
  }

  return {
    async releaseMember(claim, restMs = 0) {
      const key = await keys.find(claim.run);
      if (key === undefined) return;
      await dialect.exclusively(key, function* () {
        const row = yield* get(
          sql`SELECT * FROM clade.members WHERE run = ${key} AND member = ${claim.member}
            ${dialect.forUpdate}`,
        );
        const member = row && storedMemberOf(row);
        if (!member || whyClaimIsLost(claim, member, "running") !== undefined) return;
        const time = yield* now();
        yield [
          ...memberUpdate(key, claim.member, member, afterRelease(member, time + restMs)),
          noteWorked(key, time),
        ];
      });
    },
    async releaseWorker(id, worker) {
      await changeRun(dialect, keys, id, function* (key) {
        const rows = yield* all(
          sql`SELECT * FROM clade.members WHERE run = ${key} AND worker = ${worker}
            ${dialect.forUpdate}`,
        );
        const time = yield* now();
        yield [
          ...rows.flatMap((row) => {
            const member = storedMemberOf(row);
            const next = afterRelease(member);
            return [
              ...memberUpdate(key, row.member as number, member, next),
              noteWorked(key, Math.min(time, member.until)),
            ];
          }),
          sql`DELETE FROM clade.workers WHERE run = ${key} AND worker = ${worker}`,
        ];
      });
    },
    async recordFailure(claim, failure, state, restMs = 0) {
      const key = await keys.find(claim.run);
      if (key === undefined) throw leaseLost(claim, "the run was removed");
      const values = failureValues(dialect.storable(failure)) as readonly SqlValue[];
      await dialect.exclusively(key, function* () {
        const member = yield* requireClaim(dialect, key, claim);
        const time = yield* now();
        yield [
          ...memberUpdate(key, claim.member, member, afterFailure(member, state, time + restMs)),
          noteWorked(key, time),
          sql`INSERT INTO clade.failures (run, ${raw(failureColumns)})
            VALUES (${list([key, ...values])})`,
        ];
        if (state !== "active") yield* endIfNobodyIsLeft(dialect, key);
      });
    },
    async failuresOf(id, member, limit) {
      const [rows] = await dialect.read(
        sql`SELECT * FROM clade.failures WHERE run = ${await keys.of(id)} AND member = ${member}
          ORDER BY seq DESC LIMIT ${limit}`,
      );
      return rows!.map(dialect.failureOf);
    },
    async noteWorker(id, worker, state, device) {
      const key = await keys.find(id);
      if (key === undefined) return;
      const time = dialect.clock();
      await dialect.write(
        ...dialect.forgettable,
        sql`DELETE FROM clade.workers
          WHERE run = ${key} AND seen_at <= ${time} - ${forgottenAfterMs}`,
        state
          ? sql`INSERT INTO clade.workers (run, worker, device, joined_at, seen_at, state)
              SELECT key, ${worker}, ${device ?? null}, ${time}, ${time}, ${JSON.stringify(state)}
              FROM clade.runs WHERE key = ${key}
              ON CONFLICT (run, worker) DO UPDATE
              SET device = excluded.device, seen_at = excluded.seen_at, state = excluded.state`
          : sql`DELETE FROM clade.workers WHERE run = ${key} AND worker = ${worker}`,
      );
    },
    async workers(id) {
      const time = dialect.clock();
      const [rows] = await dialect.read(
        sql`SELECT *, ${time} AS now FROM clade.workers
          WHERE run = ${await keys.of(id)} AND seen_at > ${time} - ${forgottenAfterMs}
          ORDER BY joined_at, worker`,
      );
      return rows!.map(({ now: atDatabase, joined_at, seen_at, ...row }) => {
        const local = (time: unknown) => dialect.local(time as number, atDatabase as number);
        return workerOf({ ...row, joined_at: local(joined_at), seen_at: local(seen_at) });
      });
    },
    async members(id) {
      const [rows] = await dialect.read(
        sql`SELECT m.state AS member_state, m.failures, m.worker AS lease_worker, m.lease_until,
            m.newest, m.begun, ${dialect.clock()} AS now, s.*
          FROM clade.members m JOIN clade.snapshots s
            ON s.run = m.run AND s.member = m.member AND s.ordinal = m.newest
          WHERE m.run = ${await keys.of(id)} ORDER BY m.member`,
      );
      return rows!.map(toMember);
    },
  };
}
