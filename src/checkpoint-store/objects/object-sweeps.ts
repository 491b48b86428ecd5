/**
 * Collection without a lock. An object that was listed, and belongs to no checkpoint that was live
 * afterwards, is never needed again: a save relies on nothing older except the files of its base,
 * and the base is live for as long as the save can be published.
 *
 * There is one gap. A manifest that referred to a file may itself be deleted, by another
 * collector, between the moment for which the live checkpoints are known and the moment when their
 * manifests are read. So each collector deletes only what has been dead for `settleMs`, and gives
 * up when reading takes that long.
 */
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import type { CheckpointStore } from "../checkpoint-store.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import { isManifest, ownerOf, placesIn, signOf } from "./object-names.ts";
import { MissingObjectError, type ObjectStorage, type StoredObject } from "./object-storage.ts";

/**
 * `beginSweep` of a store. `remove` deletes objects by their names; `now` gives milliseconds that
 * never decrease.
 */
export function objectSweeps(
  storage: ObjectStorage,
  run: string,
  settleMs: number,
  now: () => number,
  remove: (keys: readonly string[]) => Promise<void>,
): CheckpointStore["beginSweep"] {
  /** Manifests never change, so each is read once. */
  const keysOfManifests = new Map<string, readonly string[]>();
  const deadSince = new Map<string, number>();

  /** Undefined where there is none, as when a save was killed while it wrote it. */
  async function manifestKeys(key: string): Promise<readonly string[] | undefined> {
    const before = keysOfManifests.get(key);
    if (before) return before;
    try {
      const { keys } = placesIn(await storage.read(key));
      keysOfManifests.set(key, keys);
      return keys;
    } catch (error) {
      if (error instanceof MissingObjectError) return undefined;
      throw error;
    }
  }

  /**
   * Deletes what was listed and is not needed. Everything that a live checkpoint's manifests refer
   * to stays.
   */
  async function free(
    before: readonly StoredObject[],
    live: ReadonlySet<CheckpointId>,
    lookedAt: number,
    isQuiet: boolean,
  ): Promise<number> {
    const isDead = (key: string) => !live.has(ownerOf(key));
    // A killed save may have left objects under a live id, when another save had the same content.
    const mayBeLeft = ({ key, size }: StoredObject) => isQuiet && (size === 0 || !isManifest(key));
    let dead = before
      .filter((object) => isDead(object.key) || mayBeLeft(object))
      .map(({ key }) => key);
    if (dead.some((key) => !isManifest(key))) {
      const there = (await storage.list(`${run}/`)).map(({ key }) => key);
      const manifests = there.filter((key) => isManifest(key) && !isDead(key));
      for (const key of keysOfManifests.keys())
        if (!there.includes(key)) keysOfManifests.delete(key);
      const used = new Set<string>();
      const unknown = new Set<CheckpointId>();
      await mapConcurrently(manifests, async (key) => {
        const keys = await manifestKeys(key);
        if (!keys) unknown.add(ownerOf(key));
        for (const file of keys ?? []) used.add(file);
      });
      dead = dead.filter((key) => !used.has(key) && (isDead(key) || !unknown.has(ownerOf(key))));
      if (settleMs > 0 && now() - lookedAt >= settleMs) return 0;
    }
    const stillDead = new Set(dead);
    for (const key of deadSince.keys()) if (!stillDead.has(key)) deadSince.delete(key);
    for (const key of dead) if (!deadSince.has(key)) deadSince.set(key, lookedAt);
    const isSettled = (key: string) => isQuiet || lookedAt - deadSince.get(key)! >= settleMs;
    const condemned = dead.filter(isSettled);
    await remove(condemned);
    for (const key of condemned) deadSince.delete(key);
    return condemned.length;
  }

  return async ({ isQuiet = false } = {}) => {
    const before = (await storage.list(`${run}/`)).filter(({ key }) => key !== signOf(run));
    return (live) => {
      const lookedAt = now();
      return () => free(before, live, lookedAt, isQuiet);
    };
  };
}
