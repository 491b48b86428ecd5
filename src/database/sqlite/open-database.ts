import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { CladeError } from "../../algorithm/clade-error.ts";
import { StoreVersionError } from "../store-version-error.ts";

/**
 * "Clad" in ASCII. SQLite keeps it in the file's header, so another program's database is not
 * mistaken for a store.
 */
const applicationId = 0x436c6164;

/**
 * How long a transaction waits for one of another process. A normal one takes less than a
 * millisecond.
 */
const busyTimeoutMs = 30_000;

/**
 * Opens or creates a store's file and brings its schema to this version, with the steps that it
 * lacks. Throws `StoreVersionError` before anything is written to it.
 */
export function openDatabase(path: string, steps: readonly string[]): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path) && !isWritable(dirname(path))) return openReadOnly(path, steps);
    if (existsSync(path)) requireReadable(path, steps);
    database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    migrate(database, path, steps);
    useWriteAheadLog(database);
    // A killed process loses nothing that is committed. A power cut may lose the last commits,
    // never the file.
    database.exec("PRAGMA synchronous = NORMAL");
    return database;
  } catch (error) {
    database?.close();
    const explanation = explained(path, error);
    if (explanation instanceof CladeError) throw explanation;
    throw new CladeError(
      `store ${path}: cannot be opened (${(error as Error).message}); check the path, its ` +
        "permissions and the free space",
      { cause: error },
    );
  }
}

/** SQLite has to write its log beside the database, even to read. */
function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A read-only store stays readable. Without its log it is opened as a file that no process
 * changes.
 */
function openReadOnly(path: string, steps: readonly string[]): DatabaseSync {
  const unchanging = pathToFileURL(path);
  unchanging.searchParams.set("immutable", "1");
  const hasLog = existsSync(`${path}-wal`) && existsSync(`${path}-shm`);
  const database = new DatabaseSync(hasLog ? path : unchanging, {
    readOnly: true,
    timeout: busyTimeoutMs,
  });
  if (versionOf(database, path, steps) === steps.length) return database;
  database.close();
  const rule = "was written by an older version, and cannot be upgraded in a read-only directory";
  throw new StoreVersionError(`store ${path}: ${rule}; make the directory writable`);
}

/**
 * Several processes may open a new store at once. SQLite does not wait for the others when it
 * changes the journal mode; it reports "locked".
 */
function useWriteAheadLog(database: DatabaseSync): void {
  for (const end = Date.now() + busyTimeoutMs; ; ) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== 5 || Date.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** SQLite's result codes for problems that a user can fix. */
const remedies: Readonly<Record<number, string>> = {
  5: "is locked by another program; end that program, then resume the run",
  8: "is read-only; make it writable or give another path with --store",
  10: "cannot be read or written; check the disk, then resume the run",
  11: "is damaged; restore it from a copy",
  13: "cannot grow, the disk is full; free some space, then resume the run",
  26: "is not a Clade store; give another path with --store",
};

/** An error of SQLite, with its remedy. Any other error is returned unchanged. */
export function explained(path: string, error: unknown): unknown {
  const { code, errcode } = error as { readonly code?: string; readonly errcode?: number };
  // The lower byte is the result code, the rest of the number its kind.
  const remedy = code === "ERR_SQLITE_ERROR" ? remedies[errcode! & 0xff] : undefined;
  return remedy ? new CladeError(`store ${path}: ${remedy}`, { cause: error }) : error;
}

/**
 * Opens the file read-only, because even closing a writable database may move what a killed
 * process left in its log.
 */
function requireReadable(path: string, steps: readonly string[]): void {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    versionOf(database, path, steps);
  } finally {
    database.close();
  }
}

/** The number of migration steps that the database has had. Throws `StoreVersionError`. */
function versionOf(database: DatabaseSync, path: string, steps: readonly string[]): number {
  const { version, application, changes } = headerOf(database);
  if (application !== applicationId && (version > 0 || changes > 0))
    throw new StoreVersionError(
      `store ${path}: is not a Clade store; give another path with --store`,
    );
  if (version > steps.length) {
    throw new StoreVersionError(
      `store ${path}: has version ${version}, this Clade reads up to ${steps.length}; ` +
        "update Clade or give another path with --store",
    );
  }
  return version;
}

/**
 * Numbers of the file's header. They are read in one transaction, because another process may
 * create the store in between.
 */
function headerOf(database: DatabaseSync): {
  version: number;
  application: number;
  changes: number;
} {
  const read = (pragma: string) =>
    Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0] as number;
  const isOwn = !database.isTransaction;
  if (isOwn) database.exec("BEGIN");
  try {
    return {
      version: read("user_version"),
      application: read("application_id"),
      changes: read("schema_version"),
    };
  } finally {
    if (isOwn) database.exec("COMMIT");
  }
}

function migrate(database: DatabaseSync, path: string, steps: readonly string[]): void {
  if (versionOf(database, path, steps) === steps.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have migrated while this one waited.
    const version = versionOf(database, path, steps);
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(
      `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}`,
    );
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
