/**
 * Checkpoints as objects that many machines see, below the name of their run:
 *
 *     <run>/<id>/<nonce>.checkpoint    where its large files are, then the rest
 *     <run>/<id>/<nonce>-<sha256>      a large file
 *
 * `checkpoint-file.ts` has the format of a checkpoint. Each save uses a new nonce. So nothing is
 * written twice, and two workers that save the same content do not meet. A save relies on nothing
 * that was there before, except the files of its base, which its worker's claim keeps alive.
 * `object-sweeps.ts` says why collection therefore needs no lock.
 */
import { hash, randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import {
  type CheckpointContent,
  checkpointBytes,
  DamageError,
  largeBytes,
  parseCheckpoint,
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
import { explain, explainedAsync, isFull } from "../local-disk/disk-errors.ts";
import { handOut, removeIfPossible } from "../local-disk/files.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { LateWrites } from "../local-disk/late-writes.ts";
import { newDirectory } from "../local-disk/new-directory.ts";
import { SavedDirectory } from "../local-disk/saved-directory.ts";
import { seal } from "../local-disk/seal.ts";
import { eachAtOnce } from "./each-at-once.ts";
import type { LocalCache } from "./local-cache.ts";
import { isManifest, ownerOf, placesIn, signOf } from "./object-names.ts";
import { MissingObjectError, type ObjectSource, type ObjectStorage } from "./object-storage.ts";
import { objectSweeps } from "./object-sweeps.ts";

/** The number of checkpoints to remember for saves that have them as their base. */
const remembered = 8;

/**
 * The store looks again after this time for an object that it did not find, for as long as the
 * storage may take to show it.
 */
const lookAgainMs = 500;

const defaultSettleMs = 30_000;

/** A checkpoint as one save has stored it. */
interface Copy {
  readonly content: CheckpointContent;
  readonly bytes: Uint8Array;
  /** Of each large file, by its hash. */
  readonly keys: ReadonlyMap<string, string>;
}

export interface ObjectCheckpointStore extends CheckpointStore {
  readonly directories: CheckpointDirectories;
  /**
   * Writes a checkpoint's files into a directory, and checks every hash. Throws `CheckpointError`.
   */
  exportTo(id: CheckpointId, directory: string): Promise<readonly ManifestEntry[]>;
  /** Where the checkpoints are, for messages. */
  readonly shown: string;
  /** Leaves a sign by which workers recognise the place of this run's checkpoints. */
  sign(): Promise<void>;
  isSigned(): Promise<boolean>;
}

export function objectCheckpointStore(
  storage: ObjectStorage,
  run: string,
  cache: LocalCache,
  {
    settleMs = defaultSettleMs,
    now = () => performance.now(),
  }: { readonly settleMs?: number; readonly now?: () => number } = {},
): ObjectCheckpointStore {
  /** This process has seen the run's sign. */
  let wasSigned = false;
  /**
   * The places of the large files of the checkpoints that this process saved or read last, for
   * saves that have one as their base.
   */
  const known = new Map<CheckpointId, ReadonlyMap<string, string>>();

  function remember(id: CheckpointId, keys: ReadonlyMap<string, string>): void {
    known.delete(id);
    known.set(id, keys);
    if (known.size > remembered) known.delete(known.keys().next().value!);
  }

  async function store(
    entries: readonly ManifestEntry[],
    content: (name: string) => ObjectSource,
    reserve: Reserve,
    base: CheckpointId | undefined,
  ): Promise<CheckpointId> {
    const text = manifestText(entries);
    const id = hash("sha256", text) as CheckpointId;
    await reserve(id);
    const nonce = randomUUID();
    const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const large = new Map(sorted.filter(isLarge).map((entry) => [entry.sha256, entry]));
    const keys = new Map(base === undefined ? [] : await keysOfBase(base, large));
    const missing = [...large.values()].filter(({ sha256 }) => !keys.has(sha256));
    await eachAtOnce(missing, async ({ sha256, name }) => {
      const key = `${run}/${id}/${nonce}-${sha256}`;
      await storage.put(key, content(name));
      keys.set(sha256, key);
    });
    const small = sorted
      .filter((entry) => !isLarge(entry))
      .map(({ name }) => content(name) as Uint8Array);
    const bytes = checkpointBytes(text, small);
    const places = [...large.keys()].map((sha256) => `${keys.get(sha256)}\n`).join("");
    await storage.put(
      `${run}/${id}/${nonce}.checkpoint`,
      Buffer.concat([Buffer.from(`${places}\n`), bytes]),
    );
    await cache.keepCheckpoint(id, bytes);
    remember(id, keys);
    return id;
  }

  /** The places of the files that a base and a new checkpoint share. */
  async function keysOfBase(
    base: CheckpointId,
    large: ReadonlyMap<string, ManifestEntry>,
  ): Promise<[string, string][]> {
    if (large.size === 0) return [];
    const keys =
      known.get(base) ?? (await copiesOf(base, 0))[0]?.keys ?? new Map<string, string>();
    remember(base, keys);
    const there: [string, string][] = [];
    // A save that came too late to be published, such as that of a frozen worker, may refer to
    // files that were collected before.
    await eachAtOnce(
      [...keys].filter(([sha256]) => large.has(sha256)),
      async ([sha256, key]) => {
        if (await isWhole(key, large.get(sha256)!.size)) there.push([sha256, key]);
      },
    );
    return there;
  }

  /** Reads nothing. */
  async function isWhole(key: string, size: number): Promise<boolean> {
    return (await storage.list(key)).some((object) => object.key === key && object.size === size);
  }

  /** The undamaged saves under an id. */
  async function copiesOf(
    id: CheckpointId,
    patienceMs = storage.delayMs,
  ): Promise<readonly Copy[]> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const objects = await storage.list(`${run}/${id}/`);
      const found = objects.flatMap(({ key }) => (isManifest(key) ? [copyAt(id, key)] : []));
      const copies = (await Promise.all(found)).filter((copy) => copy !== undefined);
      if (copies.length > 0 || found.length > 0 || performance.now() >= end) return copies;
      await sleep(lookAgainMs);
    }
  }

  async function copyAt(id: CheckpointId, key: string): Promise<Copy | undefined> {
    try {
      const { keys, bytes } = placesIn(await storage.read(key));
      const content = parseCheckpoint(id, bytes);
      const large = [...new Set(content.entries.filter(isLarge).map(({ sha256 }) => sha256))];
      return {
        content,
        bytes,
        keys: new Map(large.map((sha256, index) => [sha256, keys[index]!])),
      };
    } catch (error) {
      if (error instanceof MissingObjectError || error instanceof DamageError) return undefined;
      throw error;
    }
  }

  /**
   * A checkpoint's content from the cache or the storage, and its large files from any intact
   * copy.
   */
  async function open(id: CheckpointId) {
    let copies: Promise<readonly Copy[]> | undefined;
    const stored = () => {
      copies ??= copiesOf(id);
      return copies;
    };
    const content = (await cachedContent(id)) ?? (await storedContent());

    async function storedContent(): Promise<CheckpointContent> {
      const [copy] = await stored();
      if (!copy) throw await missing(id);
      await cache.keepCheckpoint(id, copy.bytes);
      remember(id, copy.keys);
      return copy.content;
    }

    /** Tries the objects of a file, one for each save, until one is intact. */
    async function fromStorage<T>(
      { sha256, name }: ManifestEntry,
      get: (key: string) => Promise<T | false>,
    ): Promise<T> {
      const end = performance.now() + storage.delayMs;
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
          throw await missing(id, `${name} is missing in ${storage.shown}`);
        await sleep(lookAgainMs);
      }
    }

    return { ...content, fromStorage };
  }

  /**
   * If even the run's sign is gone, more is missing than the checkpoint: a file system is not
   * mounted any more, or a bucket was emptied.
   */
  async function missing(
    id: CheckpointId,
    what = `is missing or damaged in ${storage.shown}`,
  ): Promise<CladeError> {
    if (!wasSigned || (await isSigned())) return new CheckpointError(id, what);
    const remedy = "mount or restore it, then start the worker again";
    return new CladeError(
      `checkpoints in ${storage.shown}: the files of run ${run} are gone; ${remedy}`,
    );
  }

  async function isSigned(): Promise<boolean> {
    const isThere = await storage.read(signOf(run)).then(
      () => true,
      (error) => {
        if (error instanceof MissingObjectError) return false;
        throw error;
      },
    );
    wasSigned ||= isThere;
    return isThere;
  }

  async function cachedContent(id: CheckpointId): Promise<CheckpointContent | undefined> {
    const bytes = await cache.findCheckpoint(id);
    if (!bytes) return undefined;
    try {
      return parseCheckpoint(id, bytes);
    } catch {
      await cache.dropCheckpoint(id);
      return undefined;
    }
  }

  async function load(id: CheckpointId) {
    const { entries, small, fromStorage } = await open(id);
    const files = new Map<string, Uint8Array>(entries.map(({ name }) => [name, small.get(name)!]));
    await eachAtOnce(entries.filter(isLarge), async (entry) => {
      const { name, size, sha256 } = entry;
      const isRight = (bytes: Uint8Array) => hash("sha256", bytes) === sha256;
      const path = await cache.find(sha256, size);
      const cached = path && (await readFile(path).catch(() => undefined));
      if (cached && isRight(cached)) return void files.set(name, cached);
      if (cached) await cache.drop(sha256);
      const bytes = await fromStorage(entry, async (key) => {
        const read = await storage.read(key, size);
        return isRight(read) && read;
      });
      files.set(name, bytes);
    });
    return files;
  }

  /**
   * Writes a large file to a path, from the cache if possible; otherwise it adds the file to the
   * cache.
   */
  async function materialize(
    entry: ManifestEntry,
    path: string,
    fromStorage: Awaited<ReturnType<typeof open>>["fromStorage"],
    place: (from: string, to: string) => Promise<void>,
  ): Promise<void> {
    const { sha256, size } = entry;
    const cached = await cache.find(sha256, size);
    if (cached && (await place(cached, path).then(() => true, notThere))) return;
    const fetched = cache.temporary();
    try {
      await fromStorage(entry, async (key) => {
        await removeIfPossible(fetched);
        return sha256 === (await withRoom(() => storage.download(key, fetched, size)));
      });
      seal(fetched);
      await cache.keep(fetched, sha256, size);
      await withRoom(() => place(fetched, path));
    } finally {
      await removeIfPossible(fetched);
    }
  }

  /** The cache makes room for what is needed now. */
  async function withRoom<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const { cause = error } = error as Error;
      if (!isFull(cause)) throw error;
      await cache.trim(0);
      return await write();
    }
  }

  const lateWrites = new LateWrites(async (id) => {
    await remove((await storage.list(`${run}/${id}/`)).map(({ key }) => key).filter(isManifest));
  });

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
    const id = await saved.takenOver(store(saved.entries, content, reserve, base));
    for (const { name, size, sha256 } of saved.entries.filter(isLarge))
      await cache.keep(join(source, name), sha256, size, () => saved.requireClosed());
    await lateWrites.watch(id, saved);
    await lateWrites.look(id);
    return id;
  }

  /** Fills a directory with a checkpoint's files; `place` puts a large file there. */
  async function fill(
    id: CheckpointId,
    directory: string,
    place: (from: string, to: string) => Promise<void>,
  ): Promise<readonly ManifestEntry[]> {
    const { entries, small, fromStorage } = await open(id);
    await eachAtOnce(entries, async (entry) => {
      const path = join(directory, entry.name);
      await mkdir(dirname(path), { recursive: true });
      const content = small.get(entry.name);
      if (content) await withRoom(() => writeFile(path, content, { mode: 0o444 }));
      else await materialize(entry, path, fromStorage, place);
    });
    return entries;
  }

  async function openDirectory(id: CheckpointId): Promise<Directory> {
    await lateWrites.requireWhole(id);
    const opened = await create();
    try {
      await fill(id, opened.path, handOut);
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw explain(cache.directory, error);
    }
    return opened;
  }

  /**
   * A file in the cache need not be read from the storage, but must exist there for others. A
   * damaged file of the cache is fetched again.
   */
  async function verify(id: CheckpointId): Promise<void> {
    await lateWrites.requireWhole(id);
    const { entries, fromStorage } = await open(id);
    if ((await copiesOf(id)).length === 0) throw await missing(id);
    await eachAtOnce(entries.filter(isLarge), async (entry) => {
      const { sha256, size } = entry;
      await fromStorage(entry, (key) => isWhole(key, size));
      const cached = await cache.find(sha256, size);
      if (cached && (await hashFile(cached).catch(() => "")) === sha256) return;
      await cache.drop(sha256);
      await using directory = await create();
      await materialize(entry, join(directory.path, "file"), fromStorage, handOut);
    });
  }

  async function remove(keys: readonly string[]): Promise<void> {
    await storage.delete(keys);
    for (const key of keys) if (isManifest(key)) await cache.dropCheckpoint(ownerOf(key));
  }

  const beginSweep = objectSweeps(storage, run, settleMs, now, remove);

  return {
    save(files, reserve, base) {
      const entries = Array.from(files, ([name, bytes]) => ({
        name,
        size: bytes.length,
        sha256: hash("sha256", bytes),
      }));
      return store(entries, (name) => files.get(name)!, reserve, base);
    },
    load,
    directories: {
      create,
      save: (source, reserve, base) =>
        explainedAsync(cache.directory, () => saveDirectory(source, reserve, base)),
      look: (id) => lateWrites.look(id),
      settle: () => lateWrites.settle(),
      open: openDirectory,
      verify,
    },
    async exportTo(id, directory) {
      await mkdir(directory, { recursive: true });
      const entries = await explainedAsync(directory, () => fill(id, directory, copyFile));
      for (const { name, sha256 } of entries) {
        const path = join(directory, name);
        if ((await hashFile(path)) !== sha256)
          throw new CheckpointError(id, `${name} does not match its hash`);
        await chmod(path, 0o644);
      }
      return entries;
    },
    settleMs,
    async beginSweep(how) {
      const sweep = await beginSweep(how);
      return (live) => {
        const free = sweep(live);
        return async () => {
          await cache.removeLeftOvers();
          return await free();
        };
      };
    },
    async remove() {
      const keys = (await storage.list(`${run}/`)).map(({ key }) => key);
      // Deletes the sign even if it is gone already: this also removes folders that a killed
      // removal left empty.
      await remove([...keys, signOf(run)]);
    },
    shown: storage.shown,
    async sign() {
      await storage.put(signOf(run), Buffer.from(`the checkpoints of ${run}\n`));
      wasSigned = true;
    },
    isSigned,
    async [Symbol.asyncDispose]() {
      await lateWrites.settle().catch(() => {});
      await storage[Symbol.asyncDispose]();
    },
  };
}

function isLarge({ size }: ManifestEntry): boolean {
  return size >= largeBytes;
}

function notThere(): boolean {
  return false;
}
