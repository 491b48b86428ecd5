/** How the objects of a run are named, and what a checkpoint's object holds. */
import type { CheckpointId } from "../../algorithm/snapshot.ts";

/** The sign by which workers know the place of a run's checkpoints. */
export function signOf(run: string): string {
  return `${run}/signed`;
}

export function isManifest(key: string): boolean {
  return key.endsWith(".checkpoint");
}

export function ownerOf(key: string): CheckpointId {
  return key.split("/")[1] as CheckpointId;
}

/**
 * Takes the places of large files, a line each, from the checkpoint that follows after an empty
 * line.
 */
export function placesIn(object: Uint8Array): { keys: readonly string[]; bytes: Buffer } {
  const bytes = Buffer.from(object.buffer, object.byteOffset, object.length);
  const end = bytes[0] === 0x0a ? 0 : bytes.indexOf("\n\n") + 1;
  const keys = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
  return { keys, bytes: bytes.subarray(end + 1) };
}
