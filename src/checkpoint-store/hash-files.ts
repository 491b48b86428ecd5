import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CheckpointFiles, CheckpointId } from "../algorithm/snapshot.ts";
import { type ManifestEntry, manifestText } from "./checkpoint-store.ts";

/** The manifest of files in memory, and the id that follows from it. */
export function hashFiles(files: CheckpointFiles): {
  readonly id: CheckpointId;
  readonly entries: readonly ManifestEntry[];
} {
  const entries = Array.from(files, ([name, bytes]) => ({
    name,
    size: bytes.length,
    sha256: bytesToHex(sha256(bytes)),
  }));
  return { id: bytesToHex(sha256(utf8ToBytes(manifestText(entries)))) as CheckpointId, entries };
}
