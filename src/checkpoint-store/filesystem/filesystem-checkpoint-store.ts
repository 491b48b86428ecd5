/**
 * Checkpoints as files of one directory:
 *
 *     checkpoints/<id>    the manifest, an empty line, then the content of the small files
 *     files/<sha256>      the large files, each once, whatever number of checkpoints it is part of
 *     incoming/           being written; renamed into place when complete
 *     trash/              out of reach, about to be deleted or replaced
 *
 * So a small checkpoint is one file and one rename. The store adopts a directory that a trainer
 * wrote: it links large files instead of copying them. It does not force anything to the disk. The
 * death of a process loses nothing. A power cut may lose the last seconds: the hashes reveal it,
 * and the member continues from an older snapshot.
 */
import { hash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import {
  type CheckpointContent,
  checkpointBytes,
  DamageError,
  largeBytes,
  parseCheckpoint,
  parseManifest,
} from "../checkpoint-file.ts";
import {
  type CheckpointDirectories,
  CheckpointError,
  type CheckpointStore,
  type Directory,
  type ManifestEntry,
  manifestText,
  type Reserve,
} from "../checkpoint-store.ts";
import { explain, explainedAsync, makeDirectory } from "../local-disk/disk-errors.ts";
import {
  adopt,
  handOut,
  isThere,
  overwrite,
  removeIfPossible,
  renameUnlessGone,
  writeSealed,
} from "../local-disk/files.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { LateWrites } from "../local-disk/late-writes.ts";
import { newDirectory } from "../local-disk/new-directory.ts";
import { leftOversIn, ownedName } from "../local-disk/owned-names.ts";
import { SavedDirectory } from "../local-disk/saved-directory.ts";
import { isIntact, isSealed } from "../local-disk/seal.ts";

/**
 * Up to this many files of less than `largeBytes` are overwritten instead of being deleted.
 * Frequent creation and deletion of files is slow: on ext4 a new file takes 0.02 ms, after many
 * deletions 0.7 ms, a deletion 1 ms, overwriting 0.08 ms.
 */
const spareFiles = 2048;

export interface FilesystemCheckpointStore extends CheckpointStore {
  readonly directories: CheckpointDirectories;
  /**
   * Writes a checkpoint's files into a directory, and checks every hash. Throws `CheckpointError`.
   */
  exportTo(id: CheckpointId, directory: string): Promise<readonly ManifestEntry[]>;
}

export function filesystemCheckpointStore(path: string): FilesystemCheckpointStore {
  const directory = resolve(path);
  const place = (folder: string, name = "") => join(directory, folder, name);
  const temporary = () => place("incoming", ownedName());
  const trash = () => place("trash", ownedName());
  const spares: string[] = [];
  for (const folder of ["checkpoints", "files", "incoming", "trash"])
    makeDirectory(directory, place(folder));

  /** Writes the manifest with the small files' content, unless it is there. */
  function ensureCheckpoint(id: CheckpointId, text: string, small: readonly Uint8Array[]): void {
    const size = small.reduce((sum, bytes) => sum + bytes.length, text.length + 1);
    if (isThere(place("checkpoints", id), size)) return;
    writeCheckpoint(id, checkpointBytes(text, small));
  }

  function writeCheckpoint(id: CheckpointId, bytes: Uint8Array): void {
    const incoming = temporary();
    try {
      const spare = spares.pop();
      if (spare === undefined || !renameUnlessGone(spare, incoming))
        writeFileSync(incoming, bytes);
      else overwrite(incoming, bytes);
      renameSync(incoming, place("checkpoints", id));
    } catch (error) {
      rmSync(incoming, { force: true });
      throw error;
    }
  }

  async function store(
    entries: readonly ManifestEntry[],
    content: (name: string) => Uint8Array,
    reserve: Reserve,
    ensureFile: (entry: ManifestEntry, path: string) => Promise<void>,
  ): Promise<CheckpointId> {
    const text = manifestText(entries);
    const id = hash("sha256", text) as CheckpointId;
    const sorted = parseManifest(text);
    const small = sorted.filter(({ size }) => size < largeBytes).map(({ name }) => content(name));
    // Once before the reservation, so that a sweep knows which files a reserved checkpoint has,
    // and once after it, in case a sweep came between.
    ensureCheckpoint(id, text, small);
    await reserve(id);
    ensureCheckpoint(id, text, small);
    for (const entry of sorted) {
      if (!isLarge(entry)) continue;
      const path = place("files", entry.sha256);
      if (!isSealed(path, entry.size)) await ensureFile(entry, path);
    }
    return id;
  }

  function readCheckpoint(id: CheckpointId): CheckpointContent {
    let bytes: Buffer;
    try {
      bytes = readFileSync(place("checkpoints", id));
    } catch (error) {
      throw new CheckpointError(id, "is missing or cannot be read", { cause: error });
    }
    try {
      return parseCheckpoint(id, bytes);
    } catch (error) {
      throw error instanceof DamageError ? corruptCheckpoint(id, bytes, error) : error;
    }
  }

  /**
   * Truncates a damaged checkpoint to the intact part of its manifest. Then the same content can
   * be stored again, and a sweep knows its large files.
   */
  function corruptCheckpoint(
    id: CheckpointId,
    bytes: Buffer,
    damage: DamageError,
  ): CheckpointError {
    try {
      // Another process may have stored it again since it was read.
      if (readFileSync(place("checkpoints", id)).equals(bytes))
        writeCheckpoint(id, Buffer.from(damage.manifest));
    } catch {
      // It is gone, or the disk is full or read-only. Either way the caller must learn of the
      // damage.
    }
    return new CheckpointError(id, damage.message);
  }

  /** Moves a damaged large file away, so that the same content can be stored again. */
  async function corruptFile(
    id: CheckpointId,
    sha256: string,
    what: string,
  ): Promise<CheckpointError> {
    const path = place("files", sha256);
    const isDamaged = await hashFile(path).then(
      (found) => found !== sha256,
      () => false,
    );
    // Best effort, as above.
    if (isDamaged) await rename(path, trash()).catch(() => {});
    return new CheckpointError(id, `${what} does not match its hash`);
  }

  /** An empty checkpoint can be stored again, and the next sweep deletes its large files. */
  const lateWrites = new LateWrites(async (id) => writeCheckpoint(id, new Uint8Array()));

  async function create(): Promise<Directory> {
    const path = temporary();
    return newDirectory(directory, path, { isKept: () => lateWrites.isWatched(path) });
  }

  function saveDirectory(source: string, reserve: Reserve): Promise<CheckpointId> {
    return explainedAsync(directory, async () => {
      await lateWrites.settle();
      const saved = await SavedDirectory.read(source, lateWrites.patienceMs);
      const stored = store(
        saved.entries,
        (name) => saved.small.get(name)!,
        reserve,
        async ({ name }, path) => {
          await adopt(join(source, name), path, temporary(), () => saved.requireClosed());
        },
      );
      const id = await saved.takenOver(stored);
      await lateWrites.watch(id, saved);
      await lateWrites.look(id);
      return id;
    });
  }

  /**
   * Throws `CheckpointError` when a large file is missing, or was written to and does not match
   * its hash.
   */
  async function requireIntact(
    id: CheckpointId,
    { name, size, sha256 }: ManifestEntry,
  ): Promise<void> {
    const path = place("files", sha256);
    if (await isIntact(path, size, sha256)) return;
    if (!isThere(path, size))
      throw new CheckpointError(id, `${name} is missing or has the wrong size`);
    throw await corruptFile(id, sha256, name);
  }

  async function look(id: CheckpointId): Promise<void> {
    await lateWrites.look(id);
    for (const entry of readCheckpoint(id).entries)
      if (isLarge(entry)) await requireIntact(id, entry);
  }

  async function open(id: CheckpointId): Promise<Directory> {
    await lateWrites.requireWhole(id);
    const { entries, small } = readCheckpoint(id);
    const opened = await create();
    try {
      for (const entry of entries) {
        const path = join(opened.path, entry.name);
        await mkdir(dirname(path), { recursive: true });
        const content = small.get(entry.name);
        if (content) {
          await writeFile(path, content, { mode: 0o444 });
        } else {
          await requireIntact(id, entry);
          await handOut(place("files", entry.sha256), path);
        }
      }
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw explain(directory, error);
    }
    return opened;
  }

  async function verify(id: CheckpointId): Promise<void> {
    await lateWrites.requireWhole(id);
    for (const { name, size, sha256 } of readCheckpoint(id).entries) {
      if (size < largeBytes) continue;
      const found = await hashFile(place("files", sha256)).catch((error) => {
        throw new CheckpointError(id, `${name} is missing or cannot be read`, { cause: error });
      });
      if (found !== sha256) throw await corruptFile(id, sha256, name);
    }
  }

  return {
    save: (files, reserve) =>
      explainedAsync(directory, () => {
        const entries = Array.from(files, ([name, bytes]) => ({
          name,
          size: bytes.length,
          sha256: hash("sha256", bytes),
        }));
        return store(
          entries,
          (name) => files.get(name)!,
          reserve,
          async ({ name }, path) => {
            await writeSealed(temporary(), path, files.get(name)!);
          },
        );
      }),

    directories: {
      create,
      save: saveDirectory,
      look,
      settle: () => lateWrites.settle(),
      open,
      verify,
    },

    load: async (id) => {
      const { entries, small } = readCheckpoint(id);
      const files = new Map<string, Uint8Array>();
      for (const { name, size, sha256 } of entries) {
        const bytes = size < largeBytes ? small.get(name)! : await readLarge(id, sha256);
        if (size >= largeBytes && hash("sha256", bytes) !== sha256)
          throw await corruptFile(id, sha256, name);
        files.set(name, bytes);
      }
      return files;
    },

    exportTo: async (id, target) => {
      const { entries, small } = readCheckpoint(id);
      await mkdir(target, { recursive: true });
      for (const { name, sha256 } of entries) {
        const path = join(target, name);
        await mkdir(dirname(path), { recursive: true });
        const content = small.get(name);
        if (content) {
          await writeFile(path, content);
        } else {
          await copyFile(place("files", sha256), path).catch((error) => {
            if (explain(target, error) !== error) throw explain(target, error);
            throw new CheckpointError(id, `${name} is missing or cannot be read`, {
              cause: error,
            });
          });
          await chmod(path, 0o644);
          if ((await hashFile(path)) !== sha256) throw await corruptFile(id, sha256, name);
        }
      }
      return entries;
    },

    beginSweep: async ({ isQuiet = false } = {}) => {
      const folders = [place("incoming"), place("trash")];
      const left = (
        await Promise.all(folders.map((folder) => leftOversIn(folder, isQuiet)))
      ).flat();
      return (live) => sweep(left, live);
    },

    async remove() {
      await rm(directory, { recursive: true, force: true });
    },
    async [Symbol.asyncDispose]() {
      await lateWrites.settle().catch(() => {});
      for (const path of spares.splice(0)) await rm(path, { force: true });
    },
  };

  async function readLarge(id: CheckpointId, sha256: string): Promise<Uint8Array> {
    try {
      return await readFile(place("files", sha256));
    } catch (error) {
      throw new CheckpointError(id, "one of its files is missing or cannot be read", {
        cause: error,
      });
    }
  }

  function sweep(left: readonly string[], live: ReadonlySet<CheckpointId>): () => Promise<number> {
    const condemned: string[] = [];
    const sparesBefore = spares.length;
    const condemn = (folder: string, name: string) => {
      const path = trash();
      renameUnlessGone(place(folder, name), path);
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size < largeBytes && spares.length < spareFiles) spares.push(path);
      else condemned.push(path);
    };
    const checkpoints = readdirSync(place("checkpoints"));
    const files = readdirSync(place("files"));
    for (const id of checkpoints) if (!live.has(id as CheckpointId)) condemn("checkpoints", id);
    const used = files.length === 0 ? undefined : filesOf(live);
    if (used) for (const file of files) if (!used.has(file)) condemn("files", file);
    const count = left.length + spares.length - sparesBefore + condemned.length;
    return async () => {
      for (const path of [...left, ...condemned]) await removeIfPossible(path);
      return count;
    };
  }

  /**
   * The large files of the checkpoints; undefined when one of them is reserved but its manifest is
   * not written yet.
   */
  function filesOf(live: ReadonlySet<CheckpointId>): Set<string> | undefined {
    const used = new Set<string>();
    for (const id of live) {
      const path = place("checkpoints", id);
      if (!existsSync(path)) return undefined;
      const text = readFileSync(path, "latin1").split("\n\n", 1)[0]!;
      for (const { size, sha256 } of parseManifest(text)) if (size >= largeBytes) used.add(sha256);
    }
    return used;
  }
}

function isLarge({ size }: ManifestEntry): boolean {
  return size >= largeBytes;
}
