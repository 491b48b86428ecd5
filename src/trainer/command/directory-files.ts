/** A checkpoint in memory as files of a directory, and back: for checkpoint stores that have no directories. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type CheckpointFiles, checkpointFileName } from "../../algorithm/snapshot.ts";

/** The names of what a trainer saved, with slashes. A string says what is wrong with it. */
export async function savedNames(directory: string): Promise<readonly string[] | string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries) {
    const name = relative(directory, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) return `wrote ${name}, which is a link or no file at all; save regular files`;
    if (!checkpointFileName.pattern.test(name))
      return `wrote ${JSON.stringify(name)}: ${checkpointFileName.rule}`;
    names.push(name);
  }
  return names.length > 0 ? names : "wrote no file; write everything that the next step depends on";
}

export async function readFiles(directory: string, names: readonly string[]): Promise<CheckpointFiles> {
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
