import { memberOf, ordinalOf } from "../../algorithm/snapshot.ts";
import { type Row, raw, type Sql, sql } from "../../database/sql.ts";
import { type DecisionCounts, recoveredLike } from "../decisions.ts";
import {
  type Cursor,
  type News,
  type PopulationStore,
  snapshotNotFound,
} from "../population-store.ts";
import * as rows from "../rows.ts";
import type { Dialect } from "./dialect.ts";
import type { RunKeys } from "./run-keys.ts";

/** A small page, so that a reader who wants only the last ones does not wait for more. */
const decisionsAPage = 250;

const snapshotsAPage = 1_000;

/** Above every ordinal. */
const noOrdinal = 2 ** 31 - 1;

export function history(dialect: Dialect, keys: RunKeys) {
  /** For each member `m` the newest snapshot among those that `which` selects. */
  const newestOfEach = (key: number, which: Sql) =>
    sql`SELECT s.* FROM clade.members m JOIN clade.snapshots s
        ON s.run = m.run AND s.member = m.member AND s.ordinal =
          (SELECT ordinal FROM clade.snapshots WHERE run = m.run AND member = m.member AND ${which}
            ORDER BY ordinal DESC LIMIT 1)
      WHERE m.run = ${key} ORDER BY m.member`;

  return {
    async counts(id) {
      const key = await keys.of(id);
      const [row] = await dialect.read(
        sql`SELECT (SELECT sum(newest + 1) FROM clade.members WHERE run = ${key}) AS snapshots,
          (SELECT count(*) FROM clade.decisions WHERE run = ${key} AND kind = 'copy') AS copies,
          (SELECT count(*) FROM clade.failures WHERE run = ${key}) AS failures`,
      );
      return { ...row } as { snapshots: number; copies: number; failures: number };
    },
    async present(id) {
      const key = await keys.of(id);
      // Reads the place first. What is published in between is read again, not missed.
      const [places, snapshots] = await dialect.readEach(
        sql`SELECT coalesce(max(seq), 0) AS cursor FROM clade.snapshots WHERE run = ${key}`,
        newestOfEach(key, raw(rows.earned)),
      );
      return { snapshots: snapshots!.map(rows.snapshotOf), cursor: places![0]!.cursor as number };
    },
    async news(id, since) {
      const found = await dialect.read(
        sql`SELECT * FROM clade.snapshots
          WHERE run = ${await keys.of(id)} AND seq > ${since} ORDER BY seq`,
      );
      return newsOf(found, since);
    },
    async generation(id, generation) {
      const upTo = sql`kind = 'trained' AND generation <= ${generation}`;
      return (await dialect.read(newestOfEach(await keys.of(id), upTo))).map(rows.snapshotOf);
    },
    async *history(id, member) {
      const key = await keys.of(id);
      for (let ordinal = noOrdinal; ; ) {
        const [row] = await dialect.read(
          sql`SELECT * FROM clade.snapshots
            WHERE run = ${key} AND member = ${member} AND ordinal < ${ordinal}
            ORDER BY ordinal DESC LIMIT 1`,
        );
        if (!row) return;
        yield rows.snapshotOf(row);
        ordinal = row.ordinal as number;
      }
    },
    async snapshot(id, snapshot) {
      const [member, ordinal] = [memberOf(snapshot), ordinalOf(snapshot)];
      const key = await keys.of(id);
      if (!Number.isInteger(member) || !Number.isInteger(ordinal))
        throw snapshotNotFound(id, snapshot);
      const [row] = await dialect.read(
        sql`SELECT * FROM clade.snapshots
          WHERE run = ${key} AND member = ${member} AND ordinal = ${ordinal}`,
      );
      if (row) return rows.snapshotOf(row);
      throw snapshotNotFound(id, snapshot);
    },
    async *decisions(id, { member, notable = false } = {}) {
      const key = await keys.of(id);
      const ofMember = member === undefined ? sql`` : sql`AND member = ${member}`;
      const wanted = notable ? sql`AND (kind <> 'keep' OR reason LIKE ${recoveredLike})` : sql``;
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const found = await dialect.read(
          sql`SELECT * FROM clade.decisions
            WHERE run = ${key} AND seq < ${before} ${ofMember} ${wanted}
            ORDER BY seq DESC LIMIT ${decisionsAPage}`,
        );
        yield* found.map(rows.decisions.read);
        if (found.length < decisionsAPage) return;
        before = found.at(-1)!.seq as number;
      }
    },
    async decisionCounts(id) {
      const found = await dialect.read(
        sql`SELECT kind, count(*) AS count FROM clade.decisions
          WHERE run = ${await keys.of(id)} GROUP BY kind`,
      );
      const counts = found.map(({ kind, count }) => [kind, count]);
      return Object.fromEntries(counts) as DecisionCounts;
    },
    async changes(id, after, limit = 1000) {
      const key = await keys.of(id);
      const next = (table: string, seq: number) =>
        sql`SELECT * FROM clade.${raw(table)} WHERE run = ${key} AND seq > ${seq}
          ORDER BY seq LIMIT ${limit}`;
      const [snapshots, decisions, failures] = await dialect.readEach(
        next("snapshots", after.snapshots),
        next("decisions", after.decisions),
        next("failures", after.failures),
      );
      const last = (found: readonly Row[], otherwise: number) =>
        (found.at(-1)?.seq as number | undefined) ?? otherwise;
      return {
        snapshots: snapshots!.map(rows.publishedSnapshotOf),
        decisions: decisions!.map(rows.decisions.read),
        failures: failures!.map(dialect.failures.read),
        cursor: {
          snapshots: last(snapshots!, after.snapshots),
          decisions: last(decisions!, after.decisions),
          failures: last(failures!, after.failures),
        },
      };
    },
    async *tree(id) {
      const key = await keys.of(id);
      const read = rows.treeReader();
      for (let seq = 0; ; ) {
        const found = await dialect.values(
          sql`SELECT ${raw(rows.treeColumns)} FROM clade.snapshots
            WHERE run = ${key} AND seq > ${seq} ORDER BY seq LIMIT ${snapshotsAPage}`,
        );
        yield found.map(read);
        if (found.length < snapshotsAPage) return;
        seq = found.at(-1)![0] as number;
      }
    },
    async end(id) {
      const key = await keys.of(id);
      const last = (table: string) =>
        sql`(SELECT coalesce(max(seq), 0) FROM clade.${raw(table)} WHERE run = ${key})
          AS ${raw(table)}`;
      const [row] = await dialect.read(
        sql`SELECT ${last("snapshots")}, ${last("decisions")}, ${last("failures")}`,
      );
      return { ...row } as unknown as Cursor;
    },
  } satisfies Partial<PopulationStore>;
}

export function newsOf(found: readonly Row[], since: number): News {
  return {
    snapshots: found.map(rows.snapshotOf),
    cursor: (found.at(-1)?.seq as number | undefined) ?? since,
  };
}
