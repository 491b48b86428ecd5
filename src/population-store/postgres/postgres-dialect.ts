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
import { failuresInJson } from "../rows.ts";
import type { Dialect } from "../sql/dialect.ts";

/**
 * "Clad" and "Keep" in ASCII: the first numbers of a run's locks. The second number is the run's
 * key.
 */
const lockClass = 0x436c6164;
export const collectionLockClass = 0x4b656570;

/** Keeps a run's collections apart from the rest of a transaction. */
export function noCollection(run: number): Sql {
  return sql`SELECT pg_advisory_xact_lock_shared(${collectionLockClass}, ${run})`;
}

/** `now` replaces the database's clock in tests. */
export function postgresDialect(connection: Connection, now: (() => number) | undefined): Dialect {
  return {
    async read(statement) {
      return (await connection.query(statement))[0]!;
    },
    readEach: (...statements) => connection.query(together(...statements)),
    async values(statement) {
      return (await connection.query(statement))[0]!.map((row) => Object.values(row));
    },
    write: (...statements) => connection.query(together(...statements)),
    /**
     * If the connection is lost the steps are repeated, so they have to find out what was
     * committed.
     */
    async exclusively(run, steps) {
      const locks =
        run === undefined
          ? undefined
          : together(noCollection(run), sql`SELECT pg_advisory_xact_lock(${lockClass}, ${run})`);
      const result = await connection.transaction(locks, async (_, query) => {
        const result = await take(steps(), query);
        await query(sql`SELECT pg_notify('clade', ''); COMMIT`);
        return result;
      });
      connection.noteChange();
      return result;
    },
    forUpdate: raw("FOR UPDATE"),
    forgettable: [sql`SELECT set_config('synchronous_commit', 'off', true)`],
    clock: () =>
      now ? sql`${now()}::bigint` : sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    local: (time, atDatabase) => (now ?? Date.now)() - (atDatabase - time),
    failures: failuresInJson,
  };
}
