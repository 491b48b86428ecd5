import pg from "pg";

/** What a database has done since it was made. */
export interface Load {
  readonly transactions: number;
  readonly read: number;
  readonly written: number;
  readonly bytes: number;
  readonly wal: number;
}

export async function databaseLoad(url: string): Promise<Load> {
  const client = new pg.Client(url);
  await client.connect();
  // Counters of a connection reach the server's statistics when it has been idle for a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { rows } = await client.query(
    `SELECT xact_commit::float8 AS transactions, tup_returned::float8 AS read,
       (tup_inserted + tup_updated)::float8 AS written,
       pg_database_size(current_database())::float8 AS bytes,
       (pg_current_wal_lsn() - '0/0')::float8 AS wal
       FROM pg_stat_database WHERE datname = current_database()`,
  );
  await client.end();
  return rows[0] as Load;
}
