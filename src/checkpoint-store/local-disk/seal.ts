/**
 * Seals files that a store has taken over, so that later writes show. A sealed file is read-only,
 * and its modification time is a fixed time of day, to the nanosecond, which any later write
 * replaces. So a reader can tell, without reading the file, whether it was written to since. The
 * seal is the next such time, not the last: an incremental backup then includes the file, and a
 * cleanup of old files does not take it early.
 */
import { chmodSync, statSync, utimesSync } from "node:fs";
import { hashFile } from "./hash-file.ts";

const dayMs = 24 * 3_600_000;
/**
 * 05:47:46 UTC: a whole, even second, as every file system can store it, and not one that people
 * set on archives.
 */
const sealMs = ((5 * 60 + 47) * 60 + 46) * 1000;
const nanoseconds = 1_000_000n;

/** The modification time of a file that is sealed now. */
function sealTime(now: number): Date {
  return new Date(Math.ceil((now - sealMs) / dayMs) * dayMs + sealMs);
}

/**
 * Seals a file of this user. A file of another user stays as it is, and so does one on a disk that
 * refuses. A sealed file keeps its seal, since another process may be checking whether it changes.
 */
export function seal(path: string): void {
  try {
    chmodSync(path, 0o444);
    if (!hasSeal(statSync(path, { bigint: true })))
      utimesSync(path, new Date(), sealTime(Date.now()));
  } catch (error) {
    if (!["EPERM", "EACCES", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
  }
}

/** Notes that a file is used, and keeps its seal. */
export function touch(path: string): void {
  try {
    utimesSync(path, new Date(), statSync(path).mtime);
  } catch {
    // It is gone, or belongs to another user.
  }
}

export function isSealed(path: string, size: number): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && found.size === BigInt(size) && hasSeal(found);
}

function hasSeal({ mtimeNs }: { readonly mtimeNs: bigint }): boolean {
  return mtimeNs % (BigInt(dayMs) * nanoseconds) === BigInt(sealMs) * nanoseconds;
}

/**
 * Whether a file's content matches its hash. A sealed file is not read. A file from an older
 * version of Clade, or from a backup, has no seal yet, and gets one.
 */
export async function isIntact(path: string, size: number, sha256: string): Promise<boolean> {
  if (isSealed(path, size)) return true;
  if (statSync(path, { throwIfNoEntry: false })?.size !== size) return false;
  // Before the read, so that a write meanwhile shows.
  seal(path);
  if ((await hashFile(path).catch(() => "")) === sha256) return true;
  unseal(path);
  return false;
}

function unseal(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // It is gone, or was never sealed.
  }
}
