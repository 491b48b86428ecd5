/** Reads a run's checkpoints, from the machine's cache where it has them. */
import { hash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CheckpointFiles, CheckpointId } from "../../algorithm/snapshot.ts";
import { type CheckpointContent, isLarge, parseCheckpoint } from "../checkpoint-file.ts";
import { CheckpointError, type ManifestEntry } from "../checkpoint-store.ts";
import { isFull } from "../local-disk/disk-errors.ts";
import { removeIfPossible } from "../local-disk/files.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { seal } from "../local-disk/seal.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import type { LocalCache } from "./local-cache.ts";
import { MissingObjectError, type ObjectStorage } from "./object-storage.ts";
import { type Copy, lookAgainMs, type StoredCopies } from "./stored-copies.ts";

/** Puts a file of this machine where it is needed. */
type Place = (from: string, to: string) => Promise<void>;

/** A checkpoint's content, and its large files from any intact copy. */
export interface OpenCheckpoint extends CheckpointContent {
  /**
   * Tries the objects of a file, one for each save, until `get` finds one to be intact. Throws
   * what `StoredCopies.missing` makes, and `CheckpointError`.
   */
  fromStorage<T>(entry: ManifestEntry, get: (key: string) => Promise<T | false>): Promise<T>;
}

export class ObjectReader {
  readonly #storage: ObjectStorage;
  readonly #cache: LocalCache;
  readonly #copies: StoredCopies;

  constructor(storage: ObjectStorage, cache: LocalCache, copies: StoredCopies) {
    this.#storage = storage;
    this.#cache = cache;
    this.#copies = copies;
  }

  /** From the cache or the storage. */
  async open(id: CheckpointId): Promise<OpenCheckpoint> {
    let copies: Promise<readonly Copy[]> | undefined;
    const stored = () => {
      copies ??= this.#copies.of(id);
      return copies;
    };
    const content = (await this.#cachedContent(id)) ?? (await this.#storedContent(id, stored));
    return {
      ...content,
      fromStorage: (entry, get) => this.#fromStorage(id, entry, stored, get),
    };
  }

  async #cachedContent(id: CheckpointId): Promise<CheckpointContent | undefined> {
    const bytes = await this.#cache.findCheckpoint(id);
    if (!bytes) return undefined;
    try {
      return parseCheckpoint(id, bytes);
    } catch {
      await this.#cache.dropCheckpoint(id);
      return undefined;
    }
  }

  async #storedContent(
    id: CheckpointId,
    stored: () => Promise<readonly Copy[]>,
  ): Promise<CheckpointContent> {
    const [copy] = await stored();
    if (!copy) throw await this.#copies.missing(id);
    await this.#cache.keepCheckpoint(id, copy.bytes);
    this.#copies.remember(id, copy.keys);
    return copy.content;
  }

  async #fromStorage<T>(
    id: CheckpointId,
    { sha256, name }: ManifestEntry,
    stored: () => Promise<readonly Copy[]>,
    get: (key: string) => Promise<T | false>,
  ): Promise<T> {
    const { delayMs, shown } = this.#storage;
    const end = performance.now() + delayMs;
    for (;;) {
      let wasDamaged = false;
      for (const key of new Set((await stored()).map(({ keys }) => keys.get(sha256)!))) {
        try {
          const got = await get(key);
          if (got) return got;
          wasDamaged = true;
        } catch (error) {
          if (!(error instanceof MissingObjectError)) throw error;
        }
      }
      if (wasDamaged) throw new CheckpointError(id, `${name} does not match its hash`);
      if (performance.now() >= end)
        throw await this.#copies.missing(id, `${name} is missing in ${shown}`);
      await sleep(lookAgainMs);
    }
  }

  /** Into memory. */
  async load(id: CheckpointId): Promise<CheckpointFiles> {
    const { entries, small, fromStorage } = await this.open(id);
    const files = new Map<string, Uint8Array>(entries.map(({ name }) => [name, small.get(name)!]));
    await mapConcurrently(entries.filter(isLarge), async (entry) => {
      const { name, size, sha256 } = entry;
      const isRight = (bytes: Uint8Array) => hash("sha256", bytes) === sha256;
      const path = await this.#cache.find(sha256, size);
      const cached = path && (await readFile(path).catch(() => undefined));
      if (cached && isRight(cached)) return void files.set(name, cached);
      if (cached) await this.#cache.drop(sha256);
      const bytes = await fromStorage(entry, async (key) => {
        const read = await this.#storage.read(key, size);
        return isRight(read) && read;
      });
      files.set(name, bytes);
    });
    return files;
  }

  /** Fills a directory with a checkpoint's files; `place` puts a large file there. */
  async fill(
    id: CheckpointId,
    directory: string,
    place: Place,
  ): Promise<readonly ManifestEntry[]> {
    const opened = await this.open(id);
    await mapConcurrently(opened.entries, async (entry) => {
      const path = join(directory, entry.name);
      await mkdir(dirname(path), { recursive: true });
      const content = opened.small.get(entry.name);
      if (content) await this.#withRoom(() => writeFile(path, content, { mode: 0o444 }));
      else await this.#materialize(opened, entry, path, place);
    });
    return opened.entries;
  }

  /**
   * A file in the cache need not be read from the storage, but must exist there for others. A
   * damaged file of the cache is fetched again, into `temporary`.
   */
  async verify(
    id: CheckpointId,
    place: Place,
    temporary: () => Promise<AsyncDisposable & { readonly path: string }>,
  ): Promise<void> {
    const opened = await this.open(id);
    if ((await this.#copies.of(id)).length === 0) throw await this.#copies.missing(id);
    await mapConcurrently(opened.entries.filter(isLarge), async (entry) => {
      const { sha256, size } = entry;
      await opened.fromStorage(entry, (key) => this.#copies.isWhole(key, size));
      const cached = await this.#cache.find(sha256, size);
      if (cached && (await hashFile(cached).catch(() => "")) === sha256) return;
      await this.#cache.drop(sha256);
      await using directory = await temporary();
      await this.#materialize(opened, entry, join(directory.path, "file"), place);
    });
  }

  /**
   * Writes a large file to a path, from the cache if possible; otherwise it adds the file to the
   * cache.
   */
  async #materialize(
    { fromStorage }: OpenCheckpoint,
    entry: ManifestEntry,
    path: string,
    place: Place,
  ): Promise<void> {
    const { sha256, size } = entry;
    const cached = await this.#cache.find(sha256, size);
    if (cached && (await place(cached, path).then(() => true, notThere))) return;
    const fetched = this.#cache.temporary();
    try {
      await fromStorage(entry, async (key) => {
        await removeIfPossible(fetched);
        const found = await this.#withRoom(() => this.#storage.download(key, fetched, size));
        return sha256 === found;
      });
      seal(fetched);
      await this.#cache.keep(fetched, sha256, size);
      await this.#withRoom(() => place(fetched, path));
    } finally {
      await removeIfPossible(fetched);
    }
  }

  /** The cache makes room for what is needed now. */
  async #withRoom<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const { cause = error } = error as Error;
      if (!isFull(cause)) throw error;
      await this.#cache.trim(0);
      return await write();
    }
  }
}

function notThere(): boolean {
  return false;
}
