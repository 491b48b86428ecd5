import { memberOf, ordinalOf } from "../../algorithm/snapshot.ts";
import { type Row, raw, type Sql, sql } from "../../database/sql.ts";
import { type DecisionCounts, recoveredLike } from "../decisions.ts";
import { type News, type PopulationStore, snapshotNotFound } from "../population-store.ts";
import {
  decisionOf,
  earned,
  plainSnapshotOf,
  snapshotOf,
  treeColumns,
  treeReader,
} from "../rows.ts";
import type { Dialect } from "./dialect.ts";
import type { RunKeys } from "./run-keys.ts";

/** A small page, so that a reader who wants only the last ones does not wait for more. */
const decisionsAPage = 250;

const snapshotsAPage = 1_000;

/** Above every ordinal. */
const noOrdinal = 2 ** 31 - 1;

type History = Pick<
  PopulationStore,
  | "counts"
  | "news"
  | "present"
  | "generation"
  | "history"
  | "snapshot"
  | "decisions"
  | "decisionCounts"
  | "changes"
  | "tree"
  | "end"
>;

export function history(dialect: Dialect, keys: RunKeys): History {
  async function all(statement: Sql): Promise<readonly Row[]> {
    const [rows] = await dialect.read(statement);
    return rows!;
  }
  async function get(statement: Sql): Promise<Row | undefined> {
    return (await all(statement))[0];
  }

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
      const row = await get(
        sql`SELECT (SELECT sum(newest + 1) FROM clade.members WHERE run = ${key}) AS snapshots,
          (SELECT count(*) FROM clade.decisions WHERE run = ${key} AND kind = 'copy') AS copies,
          (SELECT count(*) FROM clade.failures WHERE run = ${key}) AS failures`,
      );
      const { snapshots, copies, failures } = row as Record<string, number>;
      return { snapshots: snapshots!, copies: copies!, failures: failures! };
    },
    async present(id) {
      const key = await keys.of(id);
      // Reads the place first. What is published in between is read again, not missed.
      const [places, rows] = await dialect.read(
        sql`SELECT coalesce(max(seq), 0) AS cursor FROM clade.snapshots WHERE run = ${key}`,
        newestOfEach(key, raw(earned)),
      );
      return {
        snapshots: rows!.map(plainSnapshotOf),
        cursor: places![0]!.cursor as number,
      };
    },
    async news(id, since) {
      const rows = await all(
        sql`SELECT * FROM clade.snapshots
          WHERE run = ${await keys.of(id)} AND seq > ${since} AND ${raw(earned)} ORDER BY seq`,
      );
      return newsOf(rows, since);
    },
    async generation(id, generation) {
      const upTo = sql`kind = 'trained' AND generation <= ${generation}`;
      return (await all(newestOfEach(await keys.of(id), upTo))).map(plainSnapshotOf);
    },
    async *history(id, member) {
      const key = await keys.of(id);
      for (let ordinal = noOrdinal; ; ) {
        const row = await get(
          sql`SELECT * FROM clade.snapshots
            WHERE run = ${key} AND member = ${member} AND ordinal < ${ordinal}
            ORDER BY ordinal DESC LIMIT 1`,
        );
        if (!row) return;
        yield plainSnapshotOf(row);
        ordinal = row.ordinal as number;
      }
    },
    async snapshot(id, snapshot) {
      const [member, ordinal] = [memberOf(snapshot), ordinalOf(snapshot)];
      const key = await keys.of(id);
      const row =
        Number.isInteger(member) && Number.isInteger(ordinal)
          ? await get(
              sql`SELECT * FROM clade.snapshots
                WHERE run = ${key} AND member = ${member} AND ordinal = ${ordinal}`,
            )
          : undefined;
      if (row) return plainSnapshotOf(row);
      throw snapshotNotFound(id, snapshot);
    },
    async *decisions(id, { member, notable = false } = {}) {
      const key = await keys.of(id);
      const ofMember = member === undefined ? sql`` : sql`AND member = ${member}`;
      const wanted = notable ? sql`AND (kind <> 'keep' OR reason LIKE ${recoveredLike})` : sql``;
      for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const rows = await all(
          sql`SELECT * FROM clade.decisions
            WHERE run = ${key} AND seq < ${before} ${ofMember} ${wanted}
            ORDER BY seq DESC LIMIT ${decisionsAPage}`,
        );
        for (const row of rows) yield decisionOf(row);
        if (rows.length < decisionsAPage) return;
        before = rows.at(-1)!.seq as number;
      }
    },
    async decisionCounts(id) {
      const rows = await all(
        sql`SELECT kind, count(*) AS count FROM clade.decisions
          WHERE run = ${await keys.of(id)} GROUP BY kind`,
      );
      const counts = rows.map(({ kind, count }) => [kind, count]);
      return Object.fromEntries(counts) as DecisionCounts;
    },
    async changes(id, after, limit = 1000) {
      const key = await keys.of(id);
      const next = (table: string, seq: number) =>
        sql`SELECT * FROM clade.${raw(table)} WHERE run = ${key} AND seq > ${seq}
          ORDER BY seq LIMIT ${limit}`;
      const [snapshots, decisions, failures] = await dialect.read(
        next("snapshots", after.snapshots),
        next("decisions", after.decisions),
        next("failures", after.failures),
      );
      const last = (rows: readonly Row[], otherwise: number) =>
        (rows.at(-1)?.seq as number | undefined) ?? otherwise;
      return {
        snapshots: snapshots!.map(snapshotOf),
        decisions: decisions!.map(decisionOf),
        failures: failures!.map(dialect.failureOf),
        cursor: {
          snapshots: last(snapshots!, after.snapshots),
          decisions: last(decisions!, after.decisions),
          failures: last(failures!, after.failures),
        },
      };
    },
    async *tree(id) {
      const key = await keys.of(id);
      const snapshotOf = treeReader();
      for (let seq = 0; ; ) {
        const rows = await dialect.values(
          sql`SELECT ${raw(treeColumns)} FROM clade.snapshots WHERE run = ${key} AND seq > ${seq}
            ORDER BY seq LIMIT ${snapshotsAPage}`,
        );
        yield rows.map(snapshotOf);
        if (rows.length < snapshotsAPage) return;
        seq = rows.at(-1)![0] as number;
      }
    },
    async end(id) {
      const key = await keys.of(id);
      const last = (table: string) =>
        sql`(SELECT coalesce(max(seq), 0) FROM clade.${raw(table)} WHERE run = ${key})
          AS ${raw(table)}`;
      const row = await get(
        sql`SELECT ${last("snapshots")}, ${last("decisions")}, ${last("failures")}`,
      );
      const { snapshots, decisions, failures } = row as Record<string, number>;
      return { snapshots: snapshots!, decisions: decisions!, failures: failures! };
    },
  };
}

export function newsOf(rows: readonly Row[], since: number): News {
  return {
    snapshots: rows.map(plainSnapshotOf),
    cursor: (rows.at(-1)?.seq as number | undefined) ?? since,
  };
}
