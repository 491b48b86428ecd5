import type {
  PopulationStore,
  RunId,
  WorkerId,
  WorkerState,
} from "../population-store/population-store.ts";
import type { Clock } from "./clock.ts";

/**
 * How often a worker reports that it is alive, in milliseconds. Rarely, because generations may be
 * short.
 */
const sayMs = 30_000;

/** A worker that has not reported for this long, and holds no member, is gone. */
export const presentMs = 3 * sayMs;

/**
 * What others can see of a worker. It reports when its activity changes for long, and otherwise
 * from time to time.
 */
export class Presence {
  readonly #store: PopulationStore;
  readonly #run: RunId;
  readonly #worker: WorkerId;
  readonly #device: string | undefined;
  readonly #clock: Clock;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    store: PopulationStore,
    run: RunId,
    worker: WorkerId,
    device: string | undefined,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#run = run;
    this.#worker = worker;
    this.#device = device;
  }

  /** Reports if nothing was reported for a while. */
  async remind(state: WorkerState): Promise<void> {
    if (this.#clock.elapsed() - this.#saidAt >= sayMs) await this.say(state);
  }

  /** Reports now. Without a state the worker has left. */
  async say(state: WorkerState | undefined): Promise<void> {
    this.#saidAt = this.#clock.elapsed();
    await this.#store.noteWorker(this.#run, this.#worker, state, this.#device);
  }
}
