import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CladeError } from "../../algorithm/clade-error.ts";
import { StoreVersionError } from "../population-store.ts";
import { migrations } from "./migrations.ts";

/** "Clad" in ASCII: SQLite keeps it in the file's header, so that another program's database is not mistaken for a store. */
const applicationId = 0x436c6164;

/** How long a transaction waits for another process's. Real ones take less than a millisecond. */
const busyTimeoutMs = 30_000;

/** Opens or creates a store's file and brings it to this version. Throws `StoreVersionError` before anything is written to it. */
export function openDatabase(path: string, steps: readonly string[] = migrations): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    migrate(database, path, steps);
    // A killed process loses nothing that is committed. A power cut may lose the last commits, never the file.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof CladeError) throw error;
    throw new CladeError(
      `store ${path}: cannot be opened (${(error as Error).message}); check the path, its rights and the free space`,
      {
        cause: error,
      },
    );
  }
}

function migrate(database: DatabaseSync, path: string, steps: readonly string[]): void {
  const read = (pragma: string) => Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0] as number;
  const refuseForeign = (version: number) => {
    const foreign = read("application_id") !== applicationId && (version > 0 || read("schema_version") > 0);
    if (foreign)
      throw new StoreVersionError(`store ${path}: is not a Clade store; give another path with --store`);
    if (version > steps.length) {
      throw new StoreVersionError(
        `store ${path}: has version ${version}, this Clade reads up to ${steps.length}; update Clade or give another path with --store`,
      );
    }
  };
  refuseForeign(read("user_version"));
  if (read("user_version") === steps.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have migrated while this one waited.
    const version = read("user_version");
    refuseForeign(version);
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
