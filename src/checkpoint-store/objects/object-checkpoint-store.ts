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
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { checkpointBytes, entriesOf, isLarge } from "../checkpoint-file.ts";
import {
  type CheckpointDirectories,
  CheckpointError,
  type CheckpointStore,
  type ManifestEntry,
  manifestText,
} from "../checkpoint-store.ts";
import { explainedAsync } from "../local-disk/disk-errors.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import type { LocalCache } from "./local-cache.ts";
import { objectDirectories, type SaveObjects } from "./object-directories.ts";
import { isManifest, ownerOf, signOf } from "./object-names.ts";
import { ObjectReader } from "./object-reader.ts";
import type { ObjectStorage } from "./object-storage.ts";
import { objectSweeps } from "./object-sweeps.ts";
import { StoredCopies } from "./stored-copies.ts";

const defaultSettleMs = 30_000;

/** What `objectCheckpointStore` makes. */
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

/**
 * Checkpoints of one run in an object storage that many machines reach, with a cache on this one.
 */
export function objectCheckpointStore(
  storage: ObjectStorage,
  run: string,
  cache: LocalCache,
  {
    settleMs = defaultSettleMs,
    now = () => performance.now(),
  }: { readonly settleMs?: number; readonly now?: () => number } = {},
): ObjectCheckpointStore {
  const copies = new StoredCopies(storage, run);
  const reader = new ObjectReader(storage, cache, copies);
  const save = saveObjects(storage, run, cache, copies);
  const remove = async (keys: readonly string[]) => {
    await storage.delete(keys);
    for (const key of keys) if (isManifest(key)) await cache.dropCheckpoint(ownerOf(key));
  };
  const keysBelow = async (prefix: string) => (await storage.list(prefix)).map(({ key }) => key);
  const spoil = async (id: CheckpointId) =>
    remove((await keysBelow(`${run}/${id}/`)).filter(isManifest));
  const directories = objectDirectories(cache, reader, save, spoil);
  const beginSweep = objectSweeps(storage, run, settleMs, now, remove);

  return {
    save: (files, reserve, base) =>
      save(entriesOf(files), (name) => files.get(name)!, reserve, base),
    load: (id) => reader.load(id),
    directories,
    exportTo: (id, directory) => exportTo(reader, id, directory),
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
      // Deletes the sign even if it is gone already: this also removes folders that a killed
      // removal left empty.
      await remove([...(await keysBelow(`${run}/`)), signOf(run)]);
    },
    shown: storage.shown,
    sign: () => copies.sign(),
    isSigned: () => copies.isSigned(),
    async [Symbol.asyncDispose]() {
      await directories.settle().catch(() => {});
      await storage[Symbol.asyncDispose]();
    },
  };
}

/** Large files first, except those that the base has; then the object that names them all. */
function saveObjects(
  storage: ObjectStorage,
  run: string,
  cache: LocalCache,
  copies: StoredCopies,
): SaveObjects {
  return async (entries, content, reserve, base) => {
    const text = manifestText(entries);
    const id = hash("sha256", text) as CheckpointId;
    await reserve(id);
    const nonce = randomUUID();
    const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const large = new Map(sorted.filter(isLarge).map((entry) => [entry.sha256, entry]));
    const keys = new Map(base === undefined ? [] : await copies.keysOfBase(base, large));
    const missing = [...large.values()].filter(({ sha256 }) => !keys.has(sha256));
    await mapConcurrently(missing, async ({ sha256, name }) => {
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
    copies.remember(id, keys);
    return id;
  };
}

async function exportTo(
  reader: ObjectReader,
  id: CheckpointId,
  directory: string,
): Promise<readonly ManifestEntry[]> {
  await mkdir(directory, { recursive: true });
  const entries = await explainedAsync(directory, () => reader.fill(id, directory, copyFile));
  for (const { name, sha256 } of entries) {
    const path = join(directory, name);
    if ((await hashFile(path)) !== sha256)
      throw new CheckpointError(id, `${name} does not match its hash`);
    await chmod(path, 0o644);
  }
  return entries;
}
