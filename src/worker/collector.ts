import type { CheckpointStore, SweepOptions } from "../checkpoint-store/checkpoint-store.ts";
import {
  type PopulationStore,
  type Run,
  type RunId,
  RunNotFoundError,
} from "../population-store/population-store.ts";

/** Checkpoints that nobody needs are collected by each worker after this time, or after this many saves (or one for each member). */
const collectionMs = 2_000;
const collectionSaves = 256;

/**
 * Collects the checkpoints of a run that nobody needs any more. Where that takes time, as in stores that let the dead settle, it happens beside the work, and so rarely
 * that all workers together look about once in the time in which every member saves once.
 */
export class Collector {
  readonly #populationStore: PopulationStore;
  readonly #checkpointStore: CheckpointStore;
  readonly #run: Run;
  #saves = 0;
  #collectedAt = performance.now();
  #besides: Promise<void> | undefined;
  readonly #ended = new AbortController();

  constructor(populationStore: PopulationStore, checkpointStore: CheckpointStore, run: Run) {
    this.#populationStore = populationStore;
    this.#checkpointStore = checkpointStore;
    this.#run = run;
  }

  /** Counts a save. */
  saved(): void {
    this.#saves++;
    const { settleMs } = this.#checkpointStore;
    if (settleMs === undefined || this.#besides || Math.random() >= 1 / this.#run.experiment.population)
      return;
    this.#besides = this.#collectBesides(settleMs)
      .catch((error: Error) => {
        if (!this.#ended.signal.aborted)
          console.error(`checkpoints that nobody needs stay for now: ${error.message}`);
      })
      .finally(() => {
        this.#besides = undefined;
      });
  }

  async #collectBesides(settleMs: number): Promise<void> {
    await this.#collect();
    await pause(settleMs, this.#ended.signal);
    if (!this.#ended.signal.aborted) await this.#collect();
  }

  async collectWhenDue(): Promise<void> {
    if (this.#saves === 0 || this.#checkpointStore.settleMs !== undefined) return;
    const enough = Math.max(collectionSaves, this.#run.experiment.population);
    if (this.#saves < enough && performance.now() - this.#collectedAt < collectionMs) return;
    this.#saves = 0;
    this.#collectedAt = performance.now();
    await this.#collect();
  }

  /** The last collection of this worker. It frees everything if the run has ended, and may be left to others if not. */
  async end(hasRunEnded: boolean): Promise<void> {
    this.#ended.abort();
    await this.#besides;
    if (hasRunEnded || this.#checkpointStore.settleMs === undefined)
      await this.#collect({ isQuiet: hasRunEnded });
  }

  async #collect(how: SweepOptions = {}): Promise<void> {
    try {
      await collect(this.#populationStore, this.#checkpointStore, this.#run.id, how);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
    }
  }
}

/** Collects once, and resolves the number of files that went. */
export async function collect(
  populationStore: PopulationStore,
  checkpointStore: CheckpointStore,
  run: RunId,
  how: SweepOptions = {},
): Promise<number> {
  const sweep = await checkpointStore.beginSweep(how);
  let free = async () => 0;
  await populationStore.collect(run, (live) => {
    free = sweep(live);
  });
  return await free();
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
