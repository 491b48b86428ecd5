/**
 * Checkpoints as files of one directory:
 *
 *     checkpoints/<id>    the manifest, an empty line, then the content of the small files
 *     files/<sha256>      the large files, each once, whatever number of checkpoints it is part of
 *     incoming/           being written; renamed into place when complete
 *     trash/              out of reach, about to be deleted or replaced
 *     run                 the name of the run that a program keeps here
 *
 * So a small checkpoint is one file and one rename. The store adopts a directory that a trainer
 * wrote: it links large files instead of copying them. It does not force anything to the disk. The
 * death of a process loses nothing. A power cut may lose the last seconds: the hashes reveal it,
 * and the member continues from an older snapshot.
 */
import { hash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CheckpointFiles, CheckpointId } from "../../algorithm/snapshot.ts";
import { entriesOf, isLarge, parseManifest } from "../checkpoint-file.ts";
import {
  type CheckpointDirectories,
  CheckpointError,
  type CheckpointStore,
  type ManifestEntry,
  manifestText,
  requireOwner,
} from "../checkpoint-store.ts";
import { explain, explainedAsync } from "../local-disk/disk-errors.ts";
import { writeSealed } from "../local-disk/files.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { isSealed } from "../local-disk/seal.ts";
import { filesystemDirectories, type SaveFiles } from "./filesystem-directories.ts";
import { filesystemSweeps } from "./filesystem-sweeps.ts";
import { StoredFiles } from "./stored-files.ts";

/** What `filesystemCheckpointStore` makes. */
export interface FilesystemCheckpointStore extends CheckpointStore {
  readonly directories: CheckpointDirectories;
  /**
   * Writes a checkpoint's files into a directory, and checks every hash. Throws `CheckpointError`.
   */
  exportTo(id: CheckpointId, directory: string): Promise<readonly ManifestEntry[]>;
}

/**
 * Checkpoints of one run below a directory of this machine, which is made when it is missing.
 * Equal files are stored once. What the run no longer uses is deleted, so two runs need two
 * directories.
 */
export function filesystemCheckpointStore(path: string): FilesystemCheckpointStore {
  const directory = resolve(path);
  const stored = new StoredFiles(directory);
  const save = saveFiles(stored);
  const directories = filesystemDirectories(stored, save);
  return {
    save: (files, reserve) =>
      explainedAsync(directory, () => {
        const content = (name: string) => files.get(name)!;
        return save(entriesOf(files), content, reserve, ({ name }, path) =>
          writeSealed(stored.temporary(), path, content(name)),
        );
      }),
    directories,
    load: (id) => load(stored, id),
    exportTo: (id, target) => exportTo(stored, id, target),
    beginSweep: filesystemSweeps(stored),
    async remove() {
      await rm(directory, { recursive: true, force: true });
    },
    own: (run) =>
      explainedAsync(directory, async () => {
        const file = join(directory, "run");
        await mkdir(directory, { recursive: true });
        await writeFile(file, run, { flag: "wx" }).catch((error) => {
          if (error.code !== "EEXIST") throw error;
        });
        requireOwner(directory, await readFile(file, "utf8"), run);
      }),
    async [Symbol.asyncDispose]() {
      await directories.settle().catch(() => {});
      await stored.removeSpares();
    },
  };
}

function saveFiles(stored: StoredFiles): SaveFiles {
  return async (entries, content, reserve, ensureFile) => {
    const text = manifestText(entries);
    const id = hash("sha256", text) as CheckpointId;
    const sorted = parseManifest(text);
    const small = sorted.filter((entry) => !isLarge(entry)).map(({ name }) => content(name));
    // Once before the reservation, so that a sweep knows which files a reserved checkpoint has,
    // and once after it, in case a sweep came between.
    stored.ensureCheckpoint(id, text, small);
    await reserve(id);
    stored.ensureCheckpoint(id, text, small);
    for (const entry of sorted.filter(isLarge)) {
      const path = stored.place("files", entry.sha256);
      if (!isSealed(path, entry.size)) await ensureFile(entry, path);
    }
    return id;
  };
}

async function load(stored: StoredFiles, id: CheckpointId): Promise<CheckpointFiles> {
  const { entries, small } = stored.readCheckpoint(id);
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const { name, sha256 } = entry;
    const bytes = isLarge(entry) ? await stored.readLarge(id, sha256) : small.get(name)!;
    if (isLarge(entry) && hash("sha256", bytes) !== sha256)
      throw await stored.corruptFile(id, sha256, name);
    files.set(name, bytes);
  }
  return files;
}

async function exportTo(
  stored: StoredFiles,
  id: CheckpointId,
  target: string,
): Promise<readonly ManifestEntry[]> {
  const { entries, small } = stored.readCheckpoint(id);
  await mkdir(target, { recursive: true });
  for (const { name, sha256 } of entries) {
    const path = join(target, name);
    await mkdir(dirname(path), { recursive: true });
    const content = small.get(name);
    if (content) {
      await writeFile(path, content);
      continue;
    }
    await copyFile(stored.place("files", sha256), path).catch((error) => {
      if (explain(target, error) !== error) throw explain(target, error);
      throw new CheckpointError(id, `${name} is missing or cannot be read`, { cause: error });
    });
    await chmod(path, 0o644);
    if ((await hashFile(path)) !== sha256) throw await stored.corruptFile(id, sha256, name);
  }
  return entries;
}
