/** What is done to files, by the file system's own means: renamed, linked and written anew rather than copied. */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { chmod, constants, copyFile, link, readdir, rename, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";

/** Hashing reads ahead by this much, so that the disk and the processor work at the same time. */
const readBytes = 1024 * 1024;

export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/**
 * The same file under another name, without its bytes being copied: blocks that are shared until one is written, or a hard link, whose file
 * is read-only. A copy where the file system has neither.
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
  } catch {
    await rm(to, { force: true });
    await link(from, to).catch(() => copyFile(from, to));
  }
}

/** A power cut may have left a file that is shorter. */
export function isThere(path: string, size: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === size;
}

/** Another process may have put away a damaged file, or what it took for a leftover. */
export function renameUnlessGone(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return false;
  }
}

/** Writes a file anew in the blocks that it has. Emptying it first would give them back and cost twice the time. */
export function overwrite(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  try {
    writeSync(file, bytes);
    ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}

/** Writes a file beside its place and renames it. What could not be written does not stay. */
export async function throughIncoming(
  incoming: string,
  to: string,
  write: (incoming: string) => Promise<void>,
): Promise<void> {
  try {
    await write(incoming);
    await chmod(incoming, 0o444);
    await rename(incoming, to);
  } catch (error) {
    await rm(incoming, { force: true });
    throw error;
  }
}

export async function hashFile(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: readBytes }))
    digest.update(chunk as Buffer);
  return digest.digest("hex");
}

/**
 * Renames a file into place; copies it from another file system, and when it has another name, under which it could still be written. It is
 * read-only from then on, unless another user made it.
 */
export async function adopt(from: string, to: string, incoming: string): Promise<void> {
  const copy = () => throughIncoming(incoming, to, () => copyFile(from, incoming));
  if ((await stat(from)).nlink > 1) return await copy();
  await chmod(from, 0o444).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EPERM") throw error;
  });
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    await copy();
  }
}

/** A trainer may still write into its directory, or own what is in it. What is left goes when it is old. */
export async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}
