/** File operations that link, rename and overwrite, because copies cost more. */
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
 * Hands a file to a trainer, which must not be able to change it for others. It is a clone whose
 * blocks are shared until one is written; or a hard link where this user may not write to the file
 * either; otherwise a copy, as for root, who may write to any file.
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

/** A power cut may have left a shorter file. */
export function isThere(path: string, size: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === size;
}

/** Another process may have moved a damaged file, or one that it took for a leftover. */
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
 * Overwrites a file in its own blocks. Truncating it first would free them and take twice the
 * time.
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

/** Writes a file beside its place, then renames it. A failed write leaves nothing. */
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
 * Gives a sealed file a name in the store. Its own name stays, so that it can be checked. The file
 * is copied instead of linked in three cases: it is on another file system; it has a third name,
 * under which it could still be written; or it belongs to another user, who could always write to
 * it. `requireClosed` is called last, and throws when the file was written to. A linked file is
 * not sealed again, since that would hide a write.
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
 * A trainer may still write into its directory, or own files in it. What remains is deleted when
 * it is old.
 */
export async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}
