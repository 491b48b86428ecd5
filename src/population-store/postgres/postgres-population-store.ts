import { Connection, type PostgresOptions } from "../../database/postgres/connection.ts";
import { migrate } from "../../database/postgres/migrate.ts";
import type { PopulationStore } from "../population-store.ts";
import { sqlPopulationStore } from "../sql/sql-population-store.ts";
import { schema } from "./functions.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { postgresHotPath } from "./postgres-hot-path.ts";

/**
 * A population in a PostgreSQL database, shared by the workers of many machines. Creates Clade's
 * tables if they do not exist. `now` replaces the database's clock in tests. Throws
 * `StoreVersionError`, and a `CladeError` for problems that a user can fix.
 */
export async function postgresPopulationStore(
  url: string,
  { now, ...options }: PostgresOptions & { readonly now?: () => number } = {},
): Promise<PopulationStore> {
  const connection = new Connection(url, options);
  try {
    await migrate(connection, schema);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const dialect = postgresDialect(connection, now);
  return sqlPopulationStore(dialect, (keys, news) =>
    postgresHotPath(connection, dialect, keys, news, now),
  );
}
