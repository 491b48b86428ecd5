/**
 * What is done to files, by the file system's own means: linked, renamed and written anew rather
 * than copied.
 */
import { closeSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import {
  access,
  constants,
  copyFile,
  link,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join, relative } from "node:path";
import { seal } from "./seal.ts";

export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/**
 * A file for a trainer, who must not be able to change it for others: blocks that are shared until
 * one is written; a hard link where this user may not write to the file either; otherwise a copy,
 * as for root, whom no mode keeps from writing.
 */
export async function handOut(from: string, to: string): Promise<void> {
  try {
    return await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
  } catch {
    await rm(to, { force: true });
  }
  const isProtected = await access(from, constants.W_OK).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
  if (isProtected) await link(from, to).catch(() => copyFile(from, to));
  else await copyFile(from, to);
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

/**
 * Writes a file anew in the blocks that it has. Emptying it first would give them back and cost
 * twice the time.
 */
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
async function throughIncoming(
  incoming: string,
  to: string,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
    await rename(incoming, to);
  } catch (error) {
    await rm(incoming, { force: true });
    throw error;
  }
}

/** Writes a new file that is sealed once it is complete. */
export async function writeSealed(incoming: string, to: string, bytes: Uint8Array): Promise<void> {
  await throughIncoming(incoming, to, async () => {
    await writeFile(incoming, bytes);
    seal(incoming);
  });
}

/**
 * Gives a sealed file a name in the store. Its own stays, so that it can be looked at. It is
 * copied from another file system, when it has a third name, under which it could still be
 * written, and when it belongs to another user, who could always write to it. `requireClosed`
 * throws when it was written to, and is asked last. What is linked is not sealed anew, which would
 * hide a write.
 */
export async function adopt(
  from: string,
  to: string,
  incoming: string,
  requireClosed: () => Promise<void> = async () => {},
): Promise<void> {
  const { nlink, uid } = await stat(from);
  const isOurs = nlink === 1 && uid === process.geteuid?.();
  const isLinked = () =>
    link(from, incoming).then(
      () => true,
      () => false,
    );
  await throughIncoming(incoming, to, async () => {
    if (!(isOurs && (await isLinked()))) {
      await copyFile(from, incoming);
      seal(incoming);
    }
    await requireClosed();
  });
}

/**
 * A trainer may still write into its directory, or own what is in it. What is left goes when it is
 * old.
 */
export async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}
