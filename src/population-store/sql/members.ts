/** Operations on members and workers outside the hot path. */
import { sql } from "../../database/sql.ts";
import { all, get, type Steps } from "../../database/steps.ts";
import { afterFailure, afterRelease, visibleMember, whyClaimIsLost } from "../member-lifecycle.ts";
import type { PopulationStore } from "../population-store.ts";
import * as rows from "../rows.ts";
import { forgottenAfterMs } from "../run-worker.ts";
import type { Dialect } from "./dialect.ts";
import type { RunKeys } from "./run-keys.ts";
import {
  endIfNobodyIsLeft,
  memberUpdate,
  noteWorked,
  requireClaim,
  selectMembers,
} from "./steps.ts";

export function members(dialect: Dialect, keys: RunKeys) {
  function* now(): Steps<number> {
    return (yield* get(sql`SELECT ${dialect.clock()} AS now`))!.now as number;
  }

  return {
    async releaseMember(claim, restMs = 0) {
      const key = await keys.find(claim.run);
      if (key === undefined) return;
      await dialect.exclusively(key, function* () {
        const row = yield* get(selectMembers(dialect, key, sql`AND member = ${claim.member}`));
        const member = row && rows.members.read(row);
        if (!member || whyClaimIsLost(claim, member, "running") !== undefined) return;
        const time = yield* now();
        yield [
          ...memberUpdate(key, claim.member, member, afterRelease(member, time + restMs)),
          noteWorked(key, time),
        ];
      });
    },
    async releaseWorker(id, worker) {
      await keys.change(id, function* (key) {
        const held = yield* all(selectMembers(dialect, key, sql`AND worker = ${worker}`));
        const time = yield* now();
        yield [
          ...held.flatMap((row) => {
            const member = rows.members.read(row);
            return [
              ...memberUpdate(key, row.member as number, member, afterRelease(member)),
              noteWorked(key, Math.min(time, member.until)),
            ];
          }),
          sql`DELETE FROM clade.workers WHERE run = ${key} AND worker = ${worker}`,
        ];
      });
    },
    async recordFailure(claim, failure, state, restMs = 0) {
      const key = await keys.ofClaim(claim);
      await dialect.exclusively(key, function* () {
        const member = yield* requireClaim(dialect, key, claim);
        const time = yield* now();
        yield [
          ...memberUpdate(key, claim.member, member, afterFailure(member, state, time + restMs)),
          noteWorked(key, time),
          dialect.failures.insert(failure, { run: key }),
        ];
        if (state !== "active") yield* endIfNobodyIsLeft(dialect, key);
      });
    },
    async failuresOf(id, member, limit) {
      const found = await dialect.read(
        sql`SELECT * FROM clade.failures WHERE run = ${await keys.of(id)} AND member = ${member}
          ORDER BY seq DESC LIMIT ${limit}`,
      );
      return found.map(dialect.failures.read);
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
      const found = await dialect.read(
        sql`SELECT *, ${time} AS now FROM clade.workers
          WHERE run = ${await keys.of(id)} AND seen_at > ${time} - ${forgottenAfterMs}
          ORDER BY joined_at, worker`,
      );
      return found.map((row) => {
        const worker = rows.workers.read(row);
        const local = (time: number) => dialect.local(time, row.now as number);
        return { ...worker, joinedAt: local(worker.joinedAt), seenAt: local(worker.seenAt) };
      });
    },
    async members(id) {
      // A snapshot and a member have columns of the same name. The last one counts.
      const found = await dialect.read(
        sql`SELECT m.*, s.*, m.worker, ${dialect.clock()} AS now
          FROM clade.members m JOIN clade.snapshots s
            ON s.run = m.run AND s.member = m.member AND s.ordinal = m.newest
          WHERE m.run = ${await keys.of(id)} ORDER BY m.member`,
      );
      return found.map((row) => {
        const stored = rows.members.read(row);
        const now = row.now as number;
        const until = dialect.local(stored.until, now);
        return visibleMember(row.member as number, stored, rows.snapshotOf(row), now, until);
      });
    },
  } satisfies Partial<PopulationStore>;
}
