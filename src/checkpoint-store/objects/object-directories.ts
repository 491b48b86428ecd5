/** Checkpoints as directories, where they are kept as objects. */
import { join } from "node:path";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { isLarge } from "../checkpoint-file.ts";
import type {
  CheckpointDirectories,
  Directory,
  ManifestEntry,
  Reserve,
} from "../checkpoint-store.ts";
import { explain, explainedAsync } from "../local-disk/disk-errors.ts";
import { handOut } from "../local-disk/files.ts";
import { LateWrites } from "../local-disk/late-writes.ts";
import { newDirectory } from "../local-disk/new-directory.ts";
import { SavedDirectory } from "../local-disk/saved-directory.ts";
import type { LocalCache } from "./local-cache.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { ObjectSource } from "./object-storage.ts";

/** Writes a checkpoint of these files, whose content it asks for by name. */
export type SaveObjects = (
  entries: readonly ManifestEntry[],
  content: (name: string) => ObjectSource,
  reserve: Reserve,
  base: CheckpointId | undefined,
) => Promise<CheckpointId>;

/** `spoil` makes a checkpoint unreadable for every process. */
export function objectDirectories(
  cache: LocalCache,
  reader: ObjectReader,
  save: SaveObjects,
  spoil: (id: CheckpointId) => Promise<void>,
): CheckpointDirectories {
  const lateWrites = new LateWrites(spoil);

  async function create(): Promise<Directory> {
    const path = cache.temporary();
    const isKept = () => lateWrites.isWatched(path);
    return newDirectory(cache.directory, path, { makeRoom: () => cache.trim(0), isKept });
  }

  async function saveDirectory(
    source: string,
    reserve: Reserve,
    base: CheckpointId | undefined,
  ): Promise<CheckpointId> {
    await lateWrites.settle();
    const saved = await SavedDirectory.read(source, lateWrites.patienceMs);
    const sizes = new Map(saved.entries.map(({ name, size }) => [name, size]));
    const content = (name: string) =>
      saved.small.get(name) ?? { path: join(source, name), size: sizes.get(name)! };
    const id = await saved.takenOver(save(saved.entries, content, reserve, base));
    for (const { name, size, sha256 } of saved.entries.filter(isLarge))
      await cache.keep(join(source, name), sha256, size, () => saved.requireClosed());
    await lateWrites.watch(id, saved);
    await lateWrites.look(id);
    return id;
  }

  return {
    create,
    save: (source, reserve, base) =>
      explainedAsync(cache.directory, () => saveDirectory(source, reserve, base)),
    look: (id) => lateWrites.look(id),
    settle: () => lateWrites.settle(),
    async open(id) {
      await lateWrites.requireWhole(id);
      const opened = await create();
      try {
        await reader.fill(id, opened.path, handOut);
      } catch (error) {
        await opened[Symbol.asyncDispose]();
        throw explain(cache.directory, error);
      }
      return opened;
    },
    async verify(id) {
      await lateWrites.requireWhole(id);
      await reader.verify(id, handOut, create);
    },
  };
}
