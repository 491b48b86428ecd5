/// <reference lib="dom" />
import { type DBSchema, type IDBPDatabase, openDB, type StoreNames } from "idb";
import { CladeError } from "../../algorithm/clade-error.ts";

/** Opens a database of the browser's IndexedDB, and creates it with these tables if it is new. */
export function openIndexedDb<Tables extends DBSchema>(
  name: string,
  tables: readonly StoreNames<Tables>[],
): Promise<IDBPDatabase<Tables>> {
  if (typeof indexedDB === "undefined")
    throw new CladeError(
      "there is no IndexedDB here; open the page in a browser that keeps data, or use " +
        "memoryPopulationStore() and memoryCheckpointStore()",
    );
  const opened = openDB<Tables>(name, 1, {
    upgrade(database) {
      for (const table of tables) database.createObjectStore(table);
    },
    // A page with a newer version waits for this.
    blocking: (_, __, { target }) => (target as IDBDatabase).close(),
  });
  // Whoever uses it is told.
  opened.catch(() => {});
  return opened;
}

/** What is thrown when a write fails. */
export function notWritten(database: string, error: unknown): unknown {
  if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") return error;
  return new CladeError(
    `database ${database}: the browser has no room left for this site; remove old runs, or free ` +
      "space on the disk",
    { cause: error },
  );
}
