import type { PopulationStore } from "../../src/population-store/population-store.ts";
import { postgresPopulationStore } from "../../src/population-store/postgres/postgres-population-store.ts";
import { sqlitePopulationStore } from "../../src/population-store/sqlite/sqlite-population-store.ts";

/** The store of a file or of a `postgres://` URL. */
export async function openPopulation(store: string): Promise<PopulationStore> {
  if (!store.startsWith("postgres:")) return sqlitePopulationStore(store);
  return await postgresPopulationStore(store, { tellWaiting: () => {} });
}
