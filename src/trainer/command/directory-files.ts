/**
 * Reads what a trainer left in a directory. For checkpoint stores without directories, it writes a
 * checkpoint from memory into a directory, and reads it back.
 */
import { access, constants, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type CheckpointFiles, checkpointFileName } from "../../algorithm/snapshot.ts";

/** The names of what a trainer saved, with slashes. A string says what is wrong with it. */
export async function savedNames(directory: string): Promise<readonly string[] | string> {
  const names: string[] = [];
  const options = { recursive: true, withFileTypes: true } as const;
  const entries = await readdir(directory, options).catch(() => undefined);
  if (!entries)
    return "removed the directory or made it unreadable; leave it as it is, with files in it";
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path);
    const isDirectory = entry.isDirectory();
    if (!isDirectory && !entry.isFile())
      return `wrote ${name}, which is a link or not a file at all; save regular files`;
    const isOurs = await access(path, isDirectory ? constants.W_OK : constants.R_OK).then(
      () => true,
      () => false,
    );
    if (!isOurs) {
      const denied = isDirectory ? "empty" : "read";
      return `wrote ${name}, which this user may not ${denied}; save with its rights`;
    }
    if (isDirectory) continue;
    const { pattern, rule, remedy } = checkpointFileName;
    if (!pattern.test(name)) return `wrote ${JSON.stringify(name)}: ${rule}; ${remedy}`;
    names.push(name);
  }
  return names.length > 0
    ? names
    : "wrote no file; write everything that the next step depends on";
}

export async function readFiles(
  directory: string,
  names: readonly string[],
): Promise<CheckpointFiles> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, new Uint8Array(await readFile(join(directory, name))));
  return files;
}

export async function writeFiles(directory: string, files: CheckpointFiles): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}
