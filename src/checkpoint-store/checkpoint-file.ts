/**
 * A checkpoint as one file: the manifest, an empty line, then the content of the small files in
 * the manifest's order.
 */
import { hash } from "node:crypto";
import type { CheckpointFiles, CheckpointId } from "../algorithm/snapshot.ts";
import type { ManifestEntry } from "./checkpoint-store.ts";

/**
 * Files of at least this many bytes are stored on their own. Smaller ones cost less inside the
 * checkpoint than as a file.
 */
export const largeBytes = 64 * 1024;

export function isLarge({ size }: ManifestEntry): boolean {
  return size >= largeBytes;
}

/** The entries of files in memory. */
export function entriesOf(files: CheckpointFiles): ManifestEntry[] {
  return Array.from(files, ([name, bytes]) => ({
    name,
    size: bytes.length,
    sha256: hash("sha256", bytes),
  }));
}

export interface CheckpointContent {
  readonly entries: readonly ManifestEntry[];
  readonly small: ReadonlyMap<string, Uint8Array>;
}

export class DamageError extends Error {
  /** Names the part whose content does not match its hash. */
  readonly what: string;
  /** The manifest, if it is intact. */
  readonly manifest: string;

  constructor(what: string, manifest: string) {
    super(`${what} does not match its hash`);
    this.what = what;
    this.manifest = manifest;
  }
}

export function checkpointBytes(manifest: string, small: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from(`${manifest}\n`), ...small]);
}

export function parseManifest(text: string): ManifestEntry[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [sha256, size, name] = line.split(" ");
    return { sha256: sha256!, size: Number(size), name: name! };
  });
}

/** Checks every hash. Throws `DamageError`. */
export function parseCheckpoint(id: CheckpointId, read: Uint8Array): CheckpointContent {
  const bytes = Buffer.from(read.buffer, read.byteOffset, read.length);
  const end = bytes[0] === 0x0a ? 0 : bytes.indexOf("\n\n") + 1;
  const text = bytes.toString("utf8", 0, end);
  if (hash("sha256", text) !== id) throw new DamageError("its manifest", "");
  const entries = parseManifest(text);
  let offset = text.length + 1;
  const small = new Map<string, Uint8Array>();
  for (const { name, size, sha256 } of entries) {
    if (size >= largeBytes) continue;
    // A copy, because typed arrays need aligned memory.
    const content = new Uint8Array(bytes.subarray(offset, offset + size));
    if (hash("sha256", content) !== sha256) throw new DamageError(name, text);
    small.set(name, content);
    offset += size;
  }
  return { entries, small };
}
