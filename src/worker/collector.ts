import type { CheckpointStore, SweepOptions } from "../checkpoint-store/checkpoint-store.ts";
import { LateWriteError } from "../checkpoint-store/late-write.ts";
import {
  type PopulationStore,
  type Run,
  type RunId,
  RunNotFoundError,
} from "../population-store/population-store.ts";
import { verifyBest, verifyBestOnce } from "./best-model.ts";
import type { Clock } from "./clock.ts";

/**
 * Unused checkpoints are collected after this time, or by each worker after this many saves (or
 * one save per member).
 */
const collectionMs = 2_000;
/** A collection reads every member, so it is rarer in a large population. */
const collectionMsPerMember = 6;
const collectionSaves = 256;

/** Collects once, and resolves the number of deleted files. */
export type Collect = (how: SweepOptions) => Promise<number>;

/**
 * Collects the unused checkpoints of a run; workers take turns. In a store where deletions have to
 * settle, a collection takes two looks. It then runs in the background, and rarely.
 */
export class Collector {
  readonly #populationStore: PopulationStore;
  readonly #checkpointStore: CheckpointStore;
  readonly #run: Run;
  readonly #collectOnce: Collect;
  readonly #restMs: number;
  #saves = 0;
  readonly #clock: Clock;
  #lookedAt: number;
  #hasDropped = false;
  #besides: Promise<void> | undefined;
  readonly #ended = new AbortController();

  constructor(
    populationStore: PopulationStore,
    checkpointStore: CheckpointStore,
    run: Run,
    clock: Clock,
    collectOnce: Collect = (how) => collect(populationStore, checkpointStore, run.id, how),
  ) {
    this.#clock = clock;
    this.#lookedAt = clock.elapsed();
    this.#populationStore = populationStore;
    this.#checkpointStore = checkpointStore;
    this.#run = run;
    this.#collectOnce = collectOnce;
    const enoughMs = collectionMs + collectionMsPerMember * run.experiment.population;
    this.#restMs = Math.max(enoughMs, 2 * (checkpointStore.settleMs ?? 0));
  }

  /** Counts a save. */
  saved(): void {
    this.#saves++;
  }

  /** A generation was discarded, perhaps with a checkpoint that is recorded nowhere. */
  dropped(): void {
    this.#hasDropped = true;
  }

  /** Whether a look is due. It may take long, so no member should be held meanwhile. */
  get isDue(): boolean {
    if (this.#saves === 0 || this.#besides) return false;
    return this.#hasEnough || this.#clock.elapsed() - this.#lookedAt >= this.#restMs;
  }

  get #hasEnough(): boolean {
    const max = Math.max(collectionSaves, this.#run.experiment.population);
    return this.#checkpointStore.settleMs === undefined && this.#saves >= max;
  }

  async collectWhenDue(): Promise<void> {
    if (!this.isDue) return;
    const { settleMs } = this.#checkpointStore;
    this.#lookedAt = this.#clock.elapsed();
    if (!(await this.#takesTurn(this.#hasEnough ? 0 : this.#restMs))) return;
    if (settleMs === undefined) return await this.#collect();
    this.#besides = this.#collectTwice(settleMs)
      .catch((error: Error) => {
        if (!this.#ended.signal.aborted)
          console.error(`could not delete unused checkpoints, will retry: ${error.message}`);
      })
      .finally(() => {
        this.#besides = undefined;
      });
  }

  async #collectTwice(settleMs: number): Promise<void> {
    await this.#collect();
    await this.#clock.pause(settleMs, this.#ended.signal);
    if (!this.#ended.signal.aborted) await this.#collect();
  }

  /**
   * The last collection of this worker. If the run has ended, it verifies the best model first,
   * and frees everything. Otherwise it leaves a slow collection to the others.
   */
  async end(hasRunEnded: boolean): Promise<void> {
    this.#ended.abort();
    if (!hasRunEnded && this.#checkpointStore.settleMs !== undefined) return;
    await this.#besides;
    if (hasRunEnded) await this.#verifyBest();
    // The last turn may have been this worker's own, just before the run ended.
    if (hasRunEnded || this.#hasDropped || (await this.#takesTurn(0)))
      await this.#collect({ isQuiet: hasRunEnded });
  }

  /** Verifies again if a checkpoint of this worker was changed only now. */
  async #verifyBest(): Promise<void> {
    try {
      const { id, state } = await this.#populationStore.run(this.#run.id);
      if (state.kind !== "done") return;
      await verifyBestOnce(this.#populationStore, this.#checkpointStore, id);
      if (!(await isClosed(this.#checkpointStore)))
        await verifyBest(this.#populationStore, this.#checkpointStore, id);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
    }
  }

  /**
   * False if nothing is new since another worker's collection, or if that was more recent than the
   * given time.
   */
  async #takesTurn(restMs: number): Promise<boolean> {
    return await this.#populationStore.takeCollection(this.#run.id, restMs).catch((error) => {
      if (error instanceof RunNotFoundError) return false;
      throw error;
    });
  }

  async #collect(how: SweepOptions = {}): Promise<void> {
    this.#saves = 0;
    try {
      await this.#collectOnce(how);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
    }
  }
}

/** Checks the saved files for the last time. False if they were changed since. */
async function isClosed({ directories }: CheckpointStore): Promise<boolean> {
  try {
    await directories?.settle();
    return true;
  } catch (error) {
    if (!(error instanceof LateWriteError)) throw error;
    return false;
  }
}

/** Collects once, and resolves the number of deleted files. */
export async function collect(
  populationStore: PopulationStore,
  checkpointStore: CheckpointStore,
  run: RunId,
  how: SweepOptions = {},
): Promise<number> {
  const sweep = await checkpointStore.beginSweep(how);
  // A run that was resumed meanwhile is no longer quiet: a worker may be writing what the look
  // found.
  if (how.isQuiet && (await populationStore.run(run)).state.kind === "running")
    return await collect(populationStore, checkpointStore, run);
  let free = async () => 0;
  await populationStore.collect(run, (live) => {
    free = sweep(live);
  });
  return await free();
}
