/** The files of a store in one directory: how they are named, written, read and found damaged. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import {
  type CheckpointContent,
  checkpointBytes,
  DamageError,
  parseCheckpoint,
} from "../checkpoint-file.ts";
import { CheckpointError, type ManifestEntry } from "../checkpoint-store.ts";
import { makeDirectory } from "../local-disk/disk-errors.ts";
import { isThere, overwrite, renameUnlessGone } from "../local-disk/files.ts";
import { hashFile } from "../local-disk/hash-file.ts";
import { ownedName } from "../local-disk/owned-names.ts";
import { isIntact } from "../local-disk/seal.ts";

/**
 * Up to this many files of less than `largeBytes` are overwritten instead of being deleted.
 * Frequent creation and deletion of files is slow: on ext4 a new file takes 0.02 ms, after many
 * deletions 0.7 ms, a deletion 1 ms, overwriting 0.08 ms.
 */
const maxSpares = 2048;

type Folder = "checkpoints" | "files" | "incoming" | "trash";

export class StoredFiles {
  readonly directory: string;
  #spares: string[] = [];

  constructor(directory: string) {
    this.directory = directory;
    const folders: readonly Folder[] = ["checkpoints", "files", "incoming", "trash"];
    for (const folder of folders) makeDirectory(directory, this.place(folder));
  }

  place(folder: Folder, name = ""): string {
    return join(this.directory, folder, name);
  }

  /** A path that no other process uses, for what is being written. */
  temporary(): string {
    return this.place("incoming", ownedName());
  }

  /** A path that no other process uses, for what is out of reach. */
  trash(): string {
    return this.place("trash", ownedName());
  }

  /** Keeps a small file for the next checkpoint to overwrite, unless there are enough. */
  spare(path: string): boolean {
    const hasRoom = this.#spares.length < maxSpares;
    if (hasRoom) this.#spares.push(path);
    return hasRoom;
  }

  async removeSpares(): Promise<void> {
    for (const path of this.#spares.splice(0)) await rm(path, { force: true });
  }

  /** Writes the manifest with the small files' content, unless it is there. */
  ensureCheckpoint(id: CheckpointId, text: string, small: readonly Uint8Array[]): void {
    const size = small.reduce((sum, bytes) => sum + bytes.length, text.length + 1);
    if (isThere(this.place("checkpoints", id), size)) return;
    this.writeCheckpoint(id, checkpointBytes(text, small));
  }

  writeCheckpoint(id: CheckpointId, bytes: Uint8Array): void {
    const incoming = this.temporary();
    try {
      const spare = this.#spares.pop();
      if (spare === undefined || !renameUnlessGone(spare, incoming))
        writeFileSync(incoming, bytes);
      else overwrite(incoming, bytes);
      renameSync(incoming, this.place("checkpoints", id));
    } catch (error) {
      rmSync(incoming, { force: true });
      throw error;
    }
  }

  /** Throws `CheckpointError`. */
  readCheckpoint(id: CheckpointId): CheckpointContent {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.place("checkpoints", id));
    } catch (error) {
      throw new CheckpointError(id, "is missing or cannot be read", { cause: error });
    }
    try {
      return parseCheckpoint(id, bytes);
    } catch (error) {
      throw error instanceof DamageError ? this.#corruptCheckpoint(id, bytes, error) : error;
    }
  }

  /**
   * Truncates a damaged checkpoint to the intact part of its manifest. Then the same content can
   * be stored again, and a sweep knows its large files.
   */
  #corruptCheckpoint(id: CheckpointId, bytes: Buffer, damage: DamageError): CheckpointError {
    try {
      // Another process may have stored it again since it was read.
      if (readFileSync(this.place("checkpoints", id)).equals(bytes))
        this.writeCheckpoint(id, Buffer.from(damage.manifest));
    } catch {
      // It is gone, or the disk is full or read-only. Either way the caller must learn of the
      // damage.
    }
    return new CheckpointError(id, damage.message);
  }

  async readLarge(id: CheckpointId, sha256: string): Promise<Uint8Array> {
    try {
      return await readFile(this.place("files", sha256));
    } catch (error) {
      throw new CheckpointError(id, "one of its files is missing or cannot be read", {
        cause: error,
      });
    }
  }

  /** Moves a damaged large file away, so that the same content can be stored again. */
  async corruptFile(id: CheckpointId, sha256: string, what: string): Promise<CheckpointError> {
    const path = this.place("files", sha256);
    const isDamaged = await hashFile(path).then(
      (found) => found !== sha256,
      () => false,
    );
    // Best effort, as with a damaged checkpoint.
    if (isDamaged) await rename(path, this.trash()).catch(() => {});
    return new CheckpointError(id, `${what} does not match its hash`);
  }

  /**
   * Throws `CheckpointError` when a large file is missing, or was written to and does not match
   * its hash.
   */
  async requireIntact(id: CheckpointId, { name, size, sha256 }: ManifestEntry): Promise<void> {
    const path = this.place("files", sha256);
    if (await isIntact(path, size, sha256)) return;
    if (!isThere(path, size))
      throw new CheckpointError(id, `${name} is missing or has the wrong size`);
    throw await this.corruptFile(id, sha256, name);
  }
}
