import type { PostgresOptions } from "../../database/postgres/connection.ts";
import type { PopulationStore } from "../population-store.ts";

export type { PostgresOptions };

/**
 * Connects to a PostgreSQL database (13 or later), and creates Clade's tables in a schema of their
 * own if they do not exist. Loads the driver on first use, so that other programs start faster.
 * Throws `StoreVersionError`, and a `CladeError` for problems that a user can fix.
 */
export async function postgresPopulationStore(
  url: string,
  options: PostgresOptions = {},
): Promise<PopulationStore> {
  const store = await import("./postgres-population-store.ts");
  return store.postgresPopulationStore(url, options);
}
