/**
 * Watches the directories that were saved last, until the next save. A write into one of them
 * means that its checkpoint is incomplete.
 */
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { CheckpointError } from "../checkpoint-store.ts";
import { LateWriteError } from "../late-write.ts";
import type { SavedDirectory } from "./saved-directory.ts";

/**
 * After a late write, saves wait this many times as long as it was late, up to the maximum below.
 */
const patienceFactor = 2;
const maxPatienceMs = 60_000;

export class LateWrites {
  /** Makes a checkpoint unreadable for every process. */
  readonly #spoil: (id: CheckpointId) => Promise<void>;
  readonly #watched = new Map<CheckpointId, SavedDirectory>();
  /**
   * How long a save waits for late writes before it counts as complete. 0 until a write was late.
   */
  patienceMs = 0;

  constructor(spoil: (id: CheckpointId) => Promise<void>) {
    this.#spoil = spoil;
  }

  isWatched(path: string): boolean {
    return [...this.#watched.values()].some((saved) => saved.path === path);
  }

  async watch(id: CheckpointId, saved: SavedDirectory): Promise<void> {
    await this.#watched.get(id)?.remove();
    this.#watched.set(id, saved);
  }

  /**
   * Throws `LateWriteError`, once, when the checkpoint is incomplete; from then on it is damaged.
   */
  async look(id: CheckpointId): Promise<void> {
    const saved = this.#watched.get(id);
    if (!saved) return;
    try {
      await saved.requireClosed();
    } catch (error) {
      if (!(error instanceof LateWriteError)) throw error;
      this.patienceMs = Math.max(
        this.patienceMs,
        Math.min(patienceFactor * saved.ageMs, maxPatienceMs),
      );
      await this.#forget(id);
      await this.#spoil(id);
      throw error;
    }
  }

  /** As `look`, before the checkpoint is handed to another process. Throws `CheckpointError`. */
  async requireWhole(id: CheckpointId): Promise<void> {
    try {
      await this.look(id);
    } catch (error) {
      throw error instanceof LateWriteError
        ? new CheckpointError(id, error.message, { cause: error })
        : error;
    }
  }

  /** Checks all for the last time. Throws the first `LateWriteError`. */
  async settle(): Promise<void> {
    const late: unknown[] = [];
    for (const id of this.#watched.keys()) {
      await this.look(id).catch((error) => late.push(error));
      await this.#forget(id);
    }
    if (late.length > 0) throw late[0];
  }

  async #forget(id: CheckpointId): Promise<void> {
    const saved = this.#watched.get(id);
    this.#watched.delete(id);
    await saved?.remove();
  }
}
