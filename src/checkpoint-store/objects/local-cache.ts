/**
 * A machine's cache of checkpoints that are stored elsewhere. It keeps files of any run by their
 * hash, shared by the processes of this user, and deletes the least recently used first. The cache
 * is optional: what it cannot keep is fetched again, so its errors do not fail a caller. Readers
 * check the hash.
 */
import { statSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { makeDirectory } from "../local-disk/disk-errors.ts";
import { adopt, removeIfPossible, writeSealed } from "../local-disk/files.ts";
import { leftOversIn, ownedName } from "../local-disk/owned-names.ts";
import { isSealed, touch } from "../local-disk/seal.ts";

/** This process trims the cache after it has added this share of the maximum size. */
const partUntilTrim = 0.05;

const gigabyte = 1e9;
const defaultBytes = 10 * gigabyte;

/** Where a cache is, and how large it may grow. */
export interface CacheOptions {
  readonly directory?: string;
  /** Bytes, without files that are being written. */
  readonly maxBytes?: number;
}

/** As CLADE_CACHE (a directory of this machine) and CLADE_CACHE_GB say. */
export function cacheOptions(environment: {
  readonly [name: string]: string | undefined;
}): CacheOptions {
  const { CLADE_CACHE: directory, CLADE_CACHE_GB: size } = environment;
  const maxBytes = size === undefined || size === "" ? defaultBytes : Number(size) * gigabyte;
  if (!(maxBytes >= 0)) {
    const remedy = "give a number of gigabytes, such as 50; 0 keeps nothing";
    throw new CladeError(`CLADE_CACHE_GB: ${size} - is not a size; ${remedy}`);
  }
  return { ...(directory && { directory }), maxBytes };
}

/** A cache of a machine for checkpoints that are stored elsewhere. */
export class LocalCache {
  readonly directory: string;
  readonly #maxBytes: number;
  #added = Number.POSITIVE_INFINITY;
  #trimming: Promise<void> | undefined;

  constructor({ directory, maxBytes = defaultBytes }: CacheOptions = {}) {
    this.directory = directory ?? join(tmpdir(), `clade-cache-${userInfo().uid}`);
    this.#maxBytes = maxBytes;
    makeDirectory(this.directory, join(this.directory, "kept"));
    makeDirectory(this.directory, join(this.directory, "incoming"));
    requireOwnDirectory(this.directory);
  }

  /** A path that no other process uses, for a file that is being written. */
  temporary(): string {
    return join(this.directory, "incoming", ownedName());
  }

  /**
   * The path of a file, if the cache has it and nothing has written to it. The file may be deleted
   * at any time; a reader that has opened it keeps it.
   */
  async find(sha256: string, size: number): Promise<string | undefined> {
    const path = this.#place(sha256);
    if (!isSealed(path, size)) return undefined;
    touch(path);
    return path;
  }

  /**
   * Keeps a sealed file under its hash, beside its own name, unless it was written to.
   * `requireClosed` throws in that case.
   */
  async keep(
    path: string,
    sha256: string,
    size: number,
    requireClosed?: () => Promise<void>,
  ): Promise<void> {
    if (this.#maxBytes === 0) return;
    try {
      await adopt(path, this.#place(sha256), this.temporary(), requireClosed);
      await this.#note(size);
    } catch {
      // Not here, then.
    }
  }

  async findCheckpoint(id: CheckpointId): Promise<Uint8Array | undefined> {
    const path = this.#place(`checkpoint-${id}`);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes) touch(path);
    return bytes;
  }

  async keepCheckpoint(id: CheckpointId, bytes: Uint8Array): Promise<void> {
    if (this.#maxBytes === 0) return;
    try {
      await writeSealed(this.temporary(), this.#place(`checkpoint-${id}`), bytes);
      await this.#note(bytes.length);
    } catch {
      // Not here, then.
    }
  }

  /** Forgets a file that is damaged. */
  async drop(sha256: string): Promise<void> {
    await rm(this.#place(sha256), { force: true }).catch(() => {});
  }

  async dropCheckpoint(id: CheckpointId): Promise<void> {
    await this.drop(`checkpoint-${id}`);
  }

  /**
   * Deletes the least recently used files until at most `maxBytes` are left, and half-written
   * files of killed processes.
   */
  async trim(maxBytes = this.#maxBytes): Promise<void> {
    this.#added = 0;
    const kept = await filesIn(join(this.directory, "kept"));
    let bytes = kept.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of kept.toSorted((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= maxBytes) break;
      await rm(path, { force: true }).catch(() => {});
      bytes -= size;
    }
    await this.removeLeftOvers();
  }

  /** Deletes what dead processes were writing. */
  async removeLeftOvers(): Promise<void> {
    for (const path of await leftOversIn(join(this.directory, "incoming")))
      await removeIfPossible(path);
  }

  async #note(bytes: number): Promise<void> {
    this.#added += bytes;
    if (this.#added <= partUntilTrim * this.#maxBytes) return;
    this.#trimming ??= this.trim().finally(() => {
      this.#trimming = undefined;
    });
    await this.#trimming;
  }

  #place(name: string): string {
    return join(this.directory, "kept", name);
  }
}

async function filesIn(folder: string) {
  const names = await readdir(folder).catch(() => []);
  const found = names.map(async (name) => {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => undefined);
    return entry ? [{ name, path, size: entry.size, usedAt: entry.atimeMs }] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Another user's directory under the same name could be filled with what this one never saved. */
function requireOwnDirectory(directory: string): void {
  const { uid } = statSync(directory);
  if (uid === userInfo().uid) return;
  throw new CladeError(
    `cache ${directory}: belongs to another user; name a directory of your own in CLADE_CACHE`,
  );
}
