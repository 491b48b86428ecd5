/** Checkpoints as directories, where they are kept as files of one directory. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { isLarge } from "../checkpoint-file.ts";
import {
  type CheckpointDirectories,
  CheckpointError,
  type Directory,
  type ManifestEntry,
  type Reserve,
} from "../checkpoint-store.ts";
import { explain, explainedAsync } from "../local-disk/disk-errors.ts";
import { adopt, handOut } from "../local-disk/files.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { LateWrites } from "../local-disk/late-writes.ts";
import { newDirectory } from "../local-disk/new-directory.ts";
import { SavedDirectory } from "../local-disk/saved-directory.ts";
import type { StoredFiles } from "./stored-files.ts";

/** Stores a checkpoint of these files. `ensureFile` puts a large one in its place. */
export type SaveFiles = (
  entries: readonly ManifestEntry[],
  content: (name: string) => Uint8Array,
  reserve: Reserve,
  ensureFile: (entry: ManifestEntry, path: string) => Promise<void>,
) => Promise<CheckpointId>;

export function filesystemDirectories(files: StoredFiles, save: SaveFiles): CheckpointDirectories {
  const { directory } = files;
  /** An empty checkpoint can be stored again, and the next sweep deletes its large files. */
  const lateWrites = new LateWrites(async (id) => files.writeCheckpoint(id, new Uint8Array()));

  async function create(): Promise<Directory> {
    const path = files.temporary();
    return newDirectory(directory, path, { isKept: () => lateWrites.isWatched(path) });
  }

  async function saveDirectory(source: string, reserve: Reserve): Promise<CheckpointId> {
    await lateWrites.settle();
    const saved = await SavedDirectory.read(source, lateWrites.patienceMs);
    const content = (name: string) => saved.small.get(name)!;
    const stored = save(saved.entries, content, reserve, ({ name }, path) =>
      adopt(join(source, name), path, files.temporary(), () => saved.requireClosed()),
    );
    const id = await saved.takenOver(stored);
    await lateWrites.watch(id, saved);
    await lateWrites.look(id);
    return id;
  }

  return {
    create,
    save: (source, reserve) => explainedAsync(directory, () => saveDirectory(source, reserve)),
    async look(id) {
      await lateWrites.look(id);
      for (const entry of files.readCheckpoint(id).entries)
        if (isLarge(entry)) await files.requireIntact(id, entry);
    },
    settle: () => lateWrites.settle(),
    async open(id) {
      await lateWrites.requireWhole(id);
      const opened = await create();
      try {
        await fill(files, id, opened.path);
      } catch (error) {
        await opened[Symbol.asyncDispose]();
        throw explain(directory, error);
      }
      return opened;
    },
    async verify(id) {
      await lateWrites.requireWhole(id);
      for (const { name, sha256 } of files.readCheckpoint(id).entries.filter(isLarge)) {
        const found = await hashFile(files.place("files", sha256)).catch((error) => {
          throw new CheckpointError(id, `${name} is missing or cannot be read`, { cause: error });
        });
        if (found !== sha256) throw await files.corruptFile(id, sha256, name);
      }
    },
  };
}

async function fill(files: StoredFiles, id: CheckpointId, directory: string): Promise<void> {
  const { entries, small } = files.readCheckpoint(id);
  for (const entry of entries) {
    const path = join(directory, entry.name);
    await mkdir(dirname(path), { recursive: true });
    const content = small.get(entry.name);
    if (content) {
      await writeFile(path, content, { mode: 0o444 });
    } else {
      await files.requireIntact(id, entry);
      await handOut(files.place("files", entry.sha256), path);
    }
  }
}
