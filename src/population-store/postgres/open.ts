import type { PopulationStore } from "../population-store.ts";
import type { PostgresOptions } from "./postgres-options.ts";

/**
 * Connects to a PostgreSQL database (13 or later) and makes Clade's tables, in a schema of their
 * own, where there are none. The driver is loaded here, so that who does not use it does not wait
 * for it. Throws `StoreVersionError`, and a `CladeError` for what a user can mend.
 */
export async function postgresPopulationStore(
  url: string,
  options: PostgresOptions = {},
): Promise<PopulationStore> {
  const store = await import("./postgres-population-store.ts");
  return store.postgresPopulationStore(url, options);
}
