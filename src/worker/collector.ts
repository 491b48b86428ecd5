import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import {
  type PopulationStore,
  type Run,
  type RunId,
  RunNotFoundError,
} from "../population-store/population-store.ts";

/** Checkpoints that nobody needs are collected after this time, or by each worker after this many saves (or one for each member). */
const collectionMs = 2_000;
/** A collection looks at every member, so it is rarer in a large population. */
const collectionMsPerMember = 6;
const collectionSaves = 256;

/** Collects the checkpoints of a run that nobody needs any more. */
export class Collector {
  readonly #populationStore: PopulationStore;
  readonly #checkpointStore: CheckpointStore;
  readonly #run: Run;
  readonly #restMs: number;
  #saves = 0;
  #lookedAt = performance.now();

  constructor(populationStore: PopulationStore, checkpointStore: CheckpointStore, run: Run) {
    this.#populationStore = populationStore;
    this.#checkpointStore = checkpointStore;
    this.#run = run;
    this.#restMs = collectionMs + collectionMsPerMember * run.experiment.population;
  }

  /** Counts a save. */
  saved(): void {
    this.#saves++;
  }

  async collectWhenDue(): Promise<void> {
    if (this.#saves === 0) return;
    if (this.#saves >= Math.max(collectionSaves, this.#run.experiment.population)) await this.collect();
    else if (performance.now() - this.#lookedAt >= this.#restMs) await this.collect(this.#restMs);
  }

  /** Unless another worker did, less than the time ago or since the last publication. */
  async collect(restMs = 0): Promise<void> {
    this.#lookedAt = performance.now();
    const { id } = this.#run;
    try {
      if (!(await this.#populationStore.takeCollection(id, restMs))) return;
      this.#saves = 0;
      await collect(this.#populationStore, this.#checkpointStore, id);
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
