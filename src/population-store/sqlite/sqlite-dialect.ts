/**
 * SQLite as a dialect. Each call is one transaction of synchronous statements, so no other code of
 * this process runs between them. `BEGIN IMMEDIATE` keeps other processes out.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { failureOf, type Row } from "../rows.ts";
import type { Dialect, Steps } from "../sql/dialect.ts";
import { raw, type Sql, sql } from "../sql/sql.ts";
import { explained } from "./open-database.ts";

export class SqliteDialect implements Dialect {
  readonly now: () => number;
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly forUpdate = raw("");
  readonly forgettable: readonly Sql[] = [];
  readonly failureOf = failureOf;

  constructor(path: string, database: DatabaseSync, now: () => number) {
    this.#path = path;
    this.#database = database;
    this.now = now;
  }

  async read(...statements: readonly Sql[]) {
    return this.run(...statements);
  }

  async values(statement: Sql) {
    const prepared = this.#database.prepare(textOf(statement));
    prepared.setReturnArrays(true);
    return prepared.all(...statement.values) as unknown as readonly (readonly Row[string][])[];
  }

  async write(...statements: readonly Sql[]) {
    return this.transaction(() => this.run(...statements));
  }

  async exclusively<T>(_run: number | undefined, steps: () => Steps<T>): Promise<T> {
    return this.transaction(() => this.take(steps()));
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

  transaction<T>(work: () => T): T {
    try {
      this.prepared("BEGIN IMMEDIATE").run();
      const result = work();
      this.prepared("COMMIT").run();
      return result;
    } catch (error) {
      // SQLite has already rolled back after some errors, such as a full disk.
      if (this.#database.isTransaction) this.prepared("ROLLBACK").run();
      throw explained(this.#path, error);
    }
  }

  /** Runs steps within a transaction. */
  take<T>(steps: Steps<T>): T {
    let taken = steps.next();
    while (!taken.done) taken = steps.next(this.run(...taken.value));
    return taken.value;
  }

  /** Runs statements, within a transaction or each as its own. Returns the rows of each. */
  run(...statements: readonly Sql[]): Row[][] {
    return statements.map((statement) =>
      this.prepared(textOf(statement)).all(...statement.values),
    );
  }

  get(text: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.prepared(text).get(...values);
  }

  prepared(text: string): StatementSync {
    const prepared = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, prepared);
    return prepared;
  }

  close(): void {
    this.#database.close();
  }
}

/** A store has a file of its own, so its tables need no schema. */
function textOf({ parts }: Sql): string {
  return parts.join("?").replaceAll("clade.", "");
}
