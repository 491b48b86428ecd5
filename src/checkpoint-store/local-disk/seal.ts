/**
 * What a store has taken over is closed: nobody writes to it any more. A sealed file is read-only,
 * and its time of modification is one second of the day, to the nanosecond, which any later write
 * replaces. So whoever looks at a file can tell, without reading it, whether it was written to
 * since. It is the next such second, not the last: a backup of what is new since the last one has
 * the file, and one that deletes what is old waits its time.
 */
import { chmodSync, statSync, utimesSync } from "node:fs";
import { hashFile } from "./hash-file.ts";

const dayMs = 24 * 3_600_000;
/**
 * 05:47:46 UTC: a whole, even second, as every file system can keep it, and none that archives are
 * given by hand.
 */
const sealMs = ((5 * 60 + 47) * 60 + 46) * 1000;
const nanoseconds = 1_000_000n;

/** The time of modification of what is sealed now. */
function sealTime(now: number): Date {
  return new Date(Math.ceil((now - sealMs) / dayMs) * dayMs + sealMs);
}

/**
 * Seals a file of this user. One of another user stays as it is, and so does one on a disk that
 * refuses. What is sealed keeps its seal: another process may be looking whether it changes.
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

/** Notes that a file is used. What tells whether it was written to stays. */
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
 * Whether a file has the content that its hash says. A sealed one is not read. What an older
 * version of Clade left, or what was copied here from a backup, has no seal yet, and gets one.
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
