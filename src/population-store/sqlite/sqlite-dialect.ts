/** SQLite as a dialect. Each call is one transaction of synchronous statements. */

import { raw, type Sql, sql } from "../../database/sql.ts";
import type { SqliteFile } from "../../database/sqlite/sqlite-file.ts";
import type { Steps } from "../../database/steps.ts";
import { failureOf } from "../rows.ts";
import type { Dialect } from "../sql/dialect.ts";

export class SqliteDialect implements Dialect {
  readonly #file: SqliteFile;
  readonly now: () => number;
  readonly forUpdate = raw("");
  readonly forgettable: readonly Sql[] = [];
  readonly failureOf = failureOf;

  constructor(file: SqliteFile, now: () => number) {
    this.#file = file;
    this.now = now;
  }

  async read(...statements: readonly Sql[]) {
    return this.#file.run(...statements);
  }

  async values(statement: Sql) {
    return this.#file.values(statement);
  }

  async write(...statements: readonly Sql[]) {
    return this.#file.transaction(() => this.#file.run(...statements));
  }

  async exclusively<T>(_run: number | undefined, steps: () => Steps<T>): Promise<T> {
    return this.#file.transaction(() => this.#file.take(steps()));
  }

  clock(): Sql {
    return sql`${this.now()}`;
  }

  local(time: number): number {
    return time;
  }

  storable<F>(failure: F): F {
    return failure;
  }
}
