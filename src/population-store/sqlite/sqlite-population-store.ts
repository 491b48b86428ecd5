import { SqliteFile } from "../../database/sqlite/sqlite-file.ts";
import type { PopulationStore } from "../population-store.ts";
import { sqlPopulationStore } from "../sql/sql-population-store.ts";
import { migrations } from "./migrations.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteHotPath } from "./sqlite-hot-path.ts";

/**
 * A population in one file, shared by the processes of one machine. Creates the file if it does
 * not exist. Throws `StoreVersionError`.
 */
export function sqlitePopulationStore(
  path: string,
  { now = Date.now }: { now?: () => number } = {},
): PopulationStore {
  const file = new SqliteFile(path, migrations);
  const dialect = sqliteDialect(file, now);
  return sqlPopulationStore(dialect, (keys) => sqliteHotPath(file, dialect, keys, now));
}
