/**
 * PostgreSQL as a dialect. Leases use the database's clock only.
 *
 * A transaction that appends to a run holds the run's lock (a transaction-level advisory lock). So
 * publications come one after the other, and "everything after seq" misses nothing. A second lock
 * keeps a collection apart from every change of what it must keep.
 */

import type { Connection } from "../../database/postgres/connection.ts";
import { take } from "../../database/postgres/take.ts";
import { raw, type Sql, sql, together } from "../../database/sql.ts";
import type { Steps } from "../../database/steps.ts";
import type { Failure } from "../population-store.ts";
import { failureOfJson } from "../rows.ts";
import type { Dialect } from "../sql/dialect.ts";

/**
 * "Clad" and "Keep" in ASCII: the first numbers of a run's locks. The second number is the run's
 * key.
 */
const lockClass = 0x436c6164;
export const collectionLockClass = 0x4b656570;

const changed = sql`SELECT pg_notify('clade', '')`;

export class PostgresDialect implements Dialect {
  readonly #connection: Connection;
  /** Replaces the database's clock in tests. */
  readonly now: (() => number) | undefined;
  readonly forUpdate = raw("FOR UPDATE");
  readonly forgettable = [sql`SELECT set_config('synchronous_commit', 'off', true)`];
  readonly failureOf = failureOfJson;

  constructor(connection: Connection, now: (() => number) | undefined) {
    this.#connection = connection;
    this.now = now;
  }

  read(...statements: readonly Sql[]) {
    return this.#connection.query(together(...statements));
  }

  async values(statement: Sql) {
    const [rows] = await this.read(statement);
    return rows!.map((row) => Object.values(row));
  }

  write(...statements: readonly Sql[]) {
    return this.read(...statements);
  }

  /**
   * If the connection is lost the steps are repeated, so they have to find out what was committed.
   */
  async exclusively<T>(run: number | undefined, steps: () => Steps<T>): Promise<T> {
    const locks =
      run === undefined
        ? undefined
        : sql`SELECT pg_advisory_xact_lock_shared(${collectionLockClass}, ${run});
            SELECT pg_advisory_xact_lock(${lockClass}, ${run})`;
    const result = await this.#connection.transaction(locks, async (_, query) => {
      const result = await take(steps(), query);
      await query(together(changed, sql`COMMIT`));
      return result;
    });
    this.#connection.noteChange();
    return result;
  }

  clock(): Sql {
    return this.now
      ? sql`${this.now()}::bigint`
      : sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;
  }

  local(time: number, atDatabase: number): number {
    return (this.now ?? Date.now)() - (atDatabase - time);
  }

  /**
   * Stored as JSON, because a text may contain a NUL character, which PostgreSQL's text cannot.
   */
  storable(failure: Failure): Failure {
    const { message, stack } = failure;
    return { ...failure, message: JSON.stringify(message), stack: JSON.stringify(stack) };
  }
}
