import type { CheckpointFiles, CheckpointId } from "../../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore, requireOwner } from "../checkpoint-store.ts";
import { hashFiles } from "../hash-files.ts";

/**
 * Checkpoints in this process's memory. The store keeps the given files without a copy, so callers
 * must not change them.
 */
export function memoryCheckpointStore(): CheckpointStore {
  const checkpoints = new Map<CheckpointId, CheckpointFiles>();
  let owner: string | undefined;
  return {
    async save(files, reserve) {
      const { id } = hashFiles(files);
      await reserve(id);
      checkpoints.set(id, files);
      return id;
    },
    async load(id) {
      const files = checkpoints.get(id);
      if (!files) throw new CheckpointError(id, "is not in the store");
      return files;
    },
    beginSweep: async () => (live) => {
      const dead = [...checkpoints.keys()].filter((id) => !live.has(id));
      for (const id of dead) checkpoints.delete(id);
      return async () => dead.length;
    },
    async remove() {
      checkpoints.clear();
    },
    async own(run) {
      owner ??= run;
      requireOwner("a store in memory", owner, run);
    },
    async [Symbol.asyncDispose]() {},
  };
}
