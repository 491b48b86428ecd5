/**
 * What a store has taken over is closed: nobody writes to it any more. A sealed file is read-only, and its time of modification is a moment long
 * ago, which any later write replaces. So whoever looks at a file can tell, without reading it, whether it was written to since.
 */
import { chmodSync, statSync, utimesSync } from "node:fs";
import { hashFile } from "./files.ts";

/** Whole, even seconds, as every file system can keep them. */
const sealedAt = new Date("2001-01-01T00:00:00Z");

/** Seals a file of this user. One of another user stays as it is, and so does one on a disk that refuses. */
export function seal(path: string): void {
  try {
    chmodSync(path, 0o444);
    utimesSync(path, new Date(), sealedAt);
  } catch (error) {
    if (!["EPERM", "EACCES", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Notes that a file is used. What tells whether it was written to stays. */
export function touch(path: string): void {
  try {
    utimesSync(path, new Date(), statSync(path).mtime);
  } catch {
    // It is gone, or belongs to another user.
  }
}

export function isSealed(path: string, size: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.size === size && found.mtimeMs === sealedAt.getTime();
}

/**
 * Whether a file has the content that its hash says. A sealed one is not read. What an older version of Clade left, or what was copied here
 * from a backup, has no seal yet, and gets one.
 */
export async function isIntact(path: string, size: number, sha256: string): Promise<boolean> {
  if (isSealed(path, size)) return true;
  if (statSync(path, { throwIfNoEntry: false })?.size !== size) return false;
  // Before it is read, so that what is written meanwhile shows.
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
