/**
 * A population in an SQL database. What is specific to a database is its dialect and its hot path.
 * Another database needs another pair of these.
 */
import { sql } from "../../database/sql.ts";
import type { PopulationStore } from "../population-store.ts";
import type { Dialect, HotPath } from "./dialect.ts";
import { history } from "./history.ts";
import { members } from "./members.ts";
import { RunKeys } from "./run-keys.ts";
import { runs } from "./runs.ts";

export function sqlPopulationStore(
  dialect: Dialect,
  hotPath: (keys: RunKeys, news: PopulationStore["news"]) => HotPath,
): PopulationStore {
  const keys = new RunKeys(dialect);
  const reads = history(dialect, keys);
  return {
    ...runs(dialect, keys),
    ...members(dialect, keys),
    ...reads,
    ...hotPath(keys, reads.news),
    async takeCollection(id, restMs) {
      const key = await keys.of(id);
      const time = dialect.clock();
      const [rows] = await dialect.write(
        sql`UPDATE clade.runs SET collected_at = ${time}, collected_seq = s.seq
          FROM (SELECT max(seq) AS seq FROM clade.snapshots WHERE run = ${key}) s
          WHERE key = ${key} AND s.seq > collected_seq AND collected_at <= ${time} - ${restMs}
          RETURNING key`,
      );
      return rows!.length > 0;
    },
    async pin(id, name, checkpoint) {
      await keys.change(id, function* (key) {
        yield [
          sql`INSERT INTO clade.pins (run, name, checkpoint)
            VALUES (${key}, ${name}, ${checkpoint})
            ON CONFLICT (run, name) DO UPDATE SET checkpoint = excluded.checkpoint`,
        ];
      });
    },
    async unpin(id, name) {
      const key = await keys.of(id);
      await dialect.write(sql`DELETE FROM clade.pins WHERE run = ${key} AND name = ${name}`);
    },
  };
}
