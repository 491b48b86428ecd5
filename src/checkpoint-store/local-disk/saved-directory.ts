/**
 * A directory that a trainer has saved into. Nothing in it may change after the trainer's answer,
 * since the checkpoint would lack it. A slow writer may come after its file was read. So the
 * directory stays for a while with every file under its own name. The store links large files
 * instead of moving them, so a writer that has one open writes into the very file that is watched.
 */
import { hash } from "node:crypto";
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { largeBytes } from "../checkpoint-file.ts";
import type { ManifestEntry } from "../checkpoint-store.ts";
import { LateWriteError } from "../late-write.ts";
import { filesBelow, removeIfPossible } from "./files.ts";
import { hashFile } from "./hash-file.ts";
import { seal } from "./seal.ts";

/** How often a directory is checked while a save waits for late writes. */
const lookMs = 100;

interface Look {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

export class SavedDirectory {
  readonly path: string;
  readonly entries: readonly ManifestEntry[];
  /** The content of files of less than `largeBytes`. */
  readonly small: ReadonlyMap<string, Uint8Array>;
  readonly #looks: ReadonlyMap<string, Look>;
  readonly #answeredAt = performance.now();

  private constructor(
    path: string,
    entries: readonly ManifestEntry[],
    small: ReadonlyMap<string, Uint8Array>,
    looks: ReadonlyMap<string, Look>,
  ) {
    this.path = path;
    this.entries = entries;
    this.small = small;
    this.#looks = looks;
  }

  /**
   * Closes and hashes what is in a directory. Throws `LateWriteError`, also when something changes
   * within `patienceMs`.
   */
  static async read(path: string, patienceMs: number): Promise<SavedDirectory> {
    const entries: ManifestEntry[] = [];
    const small = new Map<string, Uint8Array>();
    const looks = new Map<string, Look>();
    for (const name of await filesBelow(path)) {
      const file = join(path, name);
      try {
        // In this order, so that any later write shows.
        seal(file);
        const look = statSync(file, { bigint: true });
        looks.set(name, look);
        if (look.size < largeBytes) {
          const bytes = await readFile(file);
          small.set(name, bytes);
          entries.push({ name, size: bytes.length, sha256: hash("sha256", bytes) });
        } else {
          entries.push({ name, size: Number(look.size), sha256: await hashFile(file) });
        }
      } catch (error) {
        throw goneMeanwhile(error) ? new LateWriteError(name, "was removed") : error;
      }
    }
    const saved = new SavedDirectory(path, entries, small, looks);
    const end = performance.now() + patienceMs;
    // The last look comes after the end, however long a pause took.
    while (performance.now() < end) {
      await sleep(lookMs);
      await saved.requireClosed();
    }
    return saved;
  }

  /** Milliseconds since the trainer's answer. */
  get ageMs(): number {
    return performance.now() - this.#answeredAt;
  }

  /**
   * Throws `LateWriteError` when something was written, replaced or created since the trainer's
   * answer.
   */
  async requireClosed(): Promise<void> {
    const names = await filesBelow(this.path).catch((error) => {
      if (goneMeanwhile(error)) return [];
      throw error;
    });
    for (const name of names) {
      const before = this.#looks.get(name);
      if (!before) throw new LateWriteError(name, "was made");
      const now = statSync(join(this.path, name), { bigint: true, throwIfNoEntry: false });
      if (!now) continue;
      if (now.ino !== before.ino) throw new LateWriteError(name, "was replaced");
      if (now.size !== before.size || now.mtimeNs !== before.mtimeNs)
        throw new LateWriteError(name, `changed (from ${before.size} to ${now.size} bytes)`);
    }
  }

  /** Takes over what was saved. A change meanwhile takes precedence over errors that it caused. */
  async takenOver<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.requireClosed();
      throw error;
    }
  }

  async remove(): Promise<void> {
    await removeIfPossible(this.path);
  }
}

function goneMeanwhile(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
