/**
 * A database in a file. Statements are synchronous, so no other code of this process runs within a
 * transaction. `BEGIN IMMEDIATE` keeps other processes out.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Row, Sql } from "../sql.ts";
import type { Steps } from "../steps.ts";
import { explained, openDatabase } from "./open-database.ts";

export class SqliteFile {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws `StoreVersionError`. */
  constructor(path: string, schema: readonly string[]) {
    this.#path = path;
    this.#database = openDatabase(path, schema);
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

  /** The rows of a statement as lists of values. */
  values(statement: Sql): readonly (readonly Row[string][])[] {
    const prepared = this.#database.prepare(textOf(statement));
    prepared.setReturnArrays(true);
    return prepared.all(...statement.values) as unknown as readonly (readonly Row[string][])[];
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

/** The file holds one schema, so its tables need no name of it. */
function textOf({ parts }: Sql): string {
  return parts.join("?").replaceAll("clade.", "");
}
