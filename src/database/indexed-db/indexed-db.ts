/// <reference lib="dom" />
import { type DBSchema, type IDBPDatabase, openDB, type StoreNames } from "idb";
import { CladeError } from "../../algorithm/clade-error.ts";
import { StoreVersionError } from "../store-version-error.ts";

/** A database of the browser's IndexedDB. Created with its tables if it is new. */
export class IndexedDb<Tables extends DBSchema> {
  readonly name: string;
  readonly #opened: Promise<IDBPDatabase<Tables>>;
  #closed: string | undefined;

  constructor(name: string, tables: readonly StoreNames<Tables>[]) {
    if (typeof indexedDB === "undefined")
      throw new CladeError(
        "there is no IndexedDB here; open the page in a browser that keeps data, or use " +
          "memoryPopulationStore() and memoryCheckpointStore()",
      );
    this.name = name;
    this.#opened = this.#open(tables);
    // Whoever uses it is told.
    this.#opened.catch(() => {});
  }

  async #open(tables: readonly StoreNames<Tables>[]): Promise<IDBPDatabase<Tables>> {
    const opened = await openDB<Tables>(this.name, 1, {
      upgrade(database) {
        for (const table of tables) database.createObjectStore(table);
      },
      blocking: (_, __, { target }) => {
        this.#closed = "a newer page uses it";
        (target as IDBDatabase).close();
      },
      terminated: () => {
        this.#closed = "the browser has closed it";
      },
    }).catch((error) => {
      if (error?.name !== "VersionError") throw error;
      throw this.#unusable("a newer page has upgraded it");
    });
    if (tables.every((table) => opened.objectStoreNames.contains(table))) return opened;
    opened.close();
    throw new CladeError(
      `database ${this.name}: is of another kind; give each kind of store a name of its own`,
    );
  }

  /** Throws where it can no longer be used. */
  async use(): Promise<IDBPDatabase<Tables>> {
    const opened = await this.#opened;
    if (this.#closed !== undefined) throw this.#unusable(this.#closed);
    return opened;
  }

  async close(): Promise<void> {
    await this.#opened.then(
      (opened) => opened.close(),
      () => {},
    );
  }

  /** What is thrown when a write fails. */
  notWritten(error: unknown): unknown {
    if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") return error;
    return new CladeError(
      `database ${this.name}: the browser has no room left for this site; remove old runs, or ` +
        "free space on the disk",
      { cause: error },
    );
  }

  #unusable(why: string): StoreVersionError {
    return new StoreVersionError(`database ${this.name}: ${why}; reload this page`);
  }
}

/** A request whose error is that of its transaction, for which somebody waits. */
export function requested(request: Promise<unknown>): Promise<unknown> {
  request.catch(() => {});
  return request;
}

/** Nothing of a transaction is stored, unless it has ended already. */
export function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {}
}
