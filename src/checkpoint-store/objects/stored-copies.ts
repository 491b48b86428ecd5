/**
 * What the storage has of a run's checkpoints. Every save of a checkpoint is a copy of its own,
 * and any intact copy will do.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import {
  type CheckpointContent,
  DamageError,
  isLarge,
  parseCheckpoint,
} from "../checkpoint-file.ts";
import { CheckpointError, type ManifestEntry } from "../checkpoint-store.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import { isManifest, placesIn, signOf } from "./object-names.ts";
import { MissingObjectError, type ObjectStorage } from "./object-storage.ts";

/** The number of checkpoints to remember for saves that have them as their base. */
const remembered = 8;

/**
 * The store looks again after this time for an object that it did not find, for as long as the
 * storage may take to show it.
 */
export const lookAgainMs = 500;

/** A checkpoint as one save has stored it. */
export interface Copy {
  readonly content: CheckpointContent;
  readonly bytes: Uint8Array;
  /** Of each large file, by its hash. */
  readonly keys: ReadonlyMap<string, string>;
}

export class StoredCopies {
  readonly #storage: ObjectStorage;
  readonly #run: string;
  /** This process has seen the run's sign. */
  #wasSigned = false;
  /**
   * The places of the large files of the checkpoints that this process saved or read last, for
   * saves that have one as their base.
   */
  readonly #known = new Map<CheckpointId, ReadonlyMap<string, string>>();

  constructor(storage: ObjectStorage, run: string) {
    this.#storage = storage;
    this.#run = run;
  }

  /** The undamaged saves under an id. */
  async of(id: CheckpointId, patienceMs = this.#storage.delayMs): Promise<readonly Copy[]> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const objects = await this.#storage.list(`${this.#run}/${id}/`);
      const found = objects.flatMap(({ key }) => (isManifest(key) ? [this.#copyAt(id, key)] : []));
      const copies = (await Promise.all(found)).filter((copy) => copy !== undefined);
      if (copies.length > 0 || found.length > 0 || performance.now() >= end) return copies;
      await sleep(lookAgainMs);
    }
  }

  async #copyAt(id: CheckpointId, key: string): Promise<Copy | undefined> {
    try {
      const { keys, bytes } = placesIn(await this.#storage.read(key));
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

  remember(id: CheckpointId, keys: ReadonlyMap<string, string>): void {
    this.#known.delete(id);
    this.#known.set(id, keys);
    if (this.#known.size > remembered) this.#known.delete(this.#known.keys().next().value!);
  }

  /** The places of the files that a base and a new checkpoint share. */
  async keysOfBase(
    base: CheckpointId,
    large: ReadonlyMap<string, ManifestEntry>,
  ): Promise<[string, string][]> {
    if (large.size === 0) return [];
    const keys =
      this.#known.get(base) ?? (await this.of(base, 0))[0]?.keys ?? new Map<string, string>();
    this.remember(base, keys);
    const there: [string, string][] = [];
    // A save that came too late to be published, such as that of a frozen worker, may refer to
    // files that were collected before.
    await mapConcurrently(
      [...keys].filter(([sha256]) => large.has(sha256)),
      async ([sha256, key]) => {
        if (await this.isWhole(key, large.get(sha256)!.size)) there.push([sha256, key]);
      },
    );
    return there;
  }

  /** Reads nothing. */
  async isWhole(key: string, size: number): Promise<boolean> {
    const objects = await this.#storage.list(key);
    return objects.some((object) => object.key === key && object.size === size);
  }

  /** Leaves a sign by which workers recognise the place of this run's checkpoints. */
  async sign(): Promise<void> {
    await this.#storage.put(signOf(this.#run), Buffer.from(`the checkpoints of ${this.#run}\n`));
    this.#wasSigned = true;
  }

  async isSigned(): Promise<boolean> {
    const isThere = await this.#storage.read(signOf(this.#run)).then(
      () => true,
      (error) => {
        if (error instanceof MissingObjectError) return false;
        throw error;
      },
    );
    this.#wasSigned ||= isThere;
    return isThere;
  }

  /**
   * If even the run's sign is gone, more is missing than the checkpoint: a file system is not
   * mounted any more, or a bucket was emptied.
   */
  async missing(
    id: CheckpointId,
    what = `is missing or damaged in ${this.#storage.shown}`,
  ): Promise<CladeError> {
    if (!this.#wasSigned || (await this.isSigned())) return new CheckpointError(id, what);
    const remedy = "mount or restore it, then start the worker again";
    return new CladeError(
      `checkpoints in ${this.#storage.shown}: the files of run ${this.#run} are gone; ${remedy}`,
    );
  }
}
