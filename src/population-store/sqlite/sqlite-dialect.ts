import { raw, sql } from "../../database/sql.ts";
import type { SqliteFile } from "../../database/sqlite/sqlite-file.ts";
import { failures } from "../rows.ts";
import type { Dialect } from "../sql/dialect.ts";

/** SQLite as a dialect. Each call is one transaction of synchronous statements. */
export function sqliteDialect(file: SqliteFile, now: () => number): Dialect {
  return {
    async read(statement) {
      return file.run(statement)[0]!;
    },
    async readEach(...statements) {
      return file.run(...statements);
    },
    async values(statement) {
      return file.values(statement);
    },
    async write(...statements) {
      return file.transaction(() => file.run(...statements));
    },
    async exclusively(_run, steps) {
      return file.transaction(() => file.take(steps()));
    },
    forUpdate: raw(""),
    forgettable: [],
    clock: () => sql`${now()}`,
    local: (time) => time,
    failures,
  };
}
