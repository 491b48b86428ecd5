import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CheckpointFiles, CheckpointId } from "../../algorithm/snapshot.ts";
import {
  CheckpointError,
  type CheckpointStore,
  manifestText,
  requireOwner,
} from "../checkpoint-store.ts";

/**
 * Checkpoints in this process's memory. The store keeps the given files without a copy, so callers
 * must not change them.
 */
export function memoryCheckpointStore(): CheckpointStore {
  const checkpoints = new Map<CheckpointId, CheckpointFiles>();
  let owner: string | undefined;
  return {
    async save(files, reserve) {
      const entries = Array.from(files, ([name, bytes]) => ({
        name,
        size: bytes.length,
        sha256: bytesToHex(sha256(bytes)),
      }));
      const id = bytesToHex(sha256(utf8ToBytes(manifestText(entries)))) as CheckpointId;
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
