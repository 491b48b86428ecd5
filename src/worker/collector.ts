import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import {
  type PopulationStore,
  type Run,
  type RunId,
  RunNotFoundError,
} from "../population-store/population-store.ts";

/** Checkpoints that nobody needs are collected by each worker after this time, or after this many saves (or one for each member). */
const collectionMs = 2_000;
const collectionSaves = 256;

/** Collects the checkpoints of a run that nobody needs any more. */
export class Collector {
  readonly #populationStore: PopulationStore;
  readonly #checkpointStore: CheckpointStore;
  readonly #run: Run;
  #saves = 0;
  #collectedAt = performance.now();

  constructor(populationStore: PopulationStore, checkpointStore: CheckpointStore, run: Run) {
    this.#populationStore = populationStore;
    this.#checkpointStore = checkpointStore;
    this.#run = run;
  }

  /** Counts a save. */
  saved(): void {
    this.#saves++;
  }

  async collectWhenDue(): Promise<void> {
    if (this.#saves === 0) return;
    const enough = Math.max(collectionSaves, this.#run.experiment.population);
    if (this.#saves >= enough || performance.now() - this.#collectedAt >= collectionMs) await this.collect();
  }

  async collect(): Promise<void> {
    this.#saves = 0;
    this.#collectedAt = performance.now();
    try {
      await collect(this.#populationStore, this.#checkpointStore, this.#run.id);
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
): Promise<number> {
  const sweep = await checkpointStore.beginSweep();
  let free = async () => 0;
  await populationStore.collect(run, (live) => {
    free = sweep(live);
  });
  return await free();
}
