import type {
  PopulationStore,
  RunId,
  WorkerId,
  WorkerState,
} from "../population-store/population-store.ts";
import type { Clock } from "./clock.ts";

/**
 * How often a worker says that it is still there, in milliseconds: rarely, since generations may
 * be short.
 */
const sayMs = 30_000;

/** A worker that was not heard of for so long, and holds no member, has gone. */
export const presentMs = 3 * sayMs;

/**
 * What others can see of a worker: said when it changes what it does for long, and otherwise now
 * and then.
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

  /** Says it if nothing was said for a while. */
  async remind(state: WorkerState): Promise<void> {
    if (this.#clock.elapsed() - this.#saidAt >= sayMs) await this.say(state);
  }

  /** Says it now; without a state the worker has left. */
  async say(state: WorkerState | undefined): Promise<void> {
    this.#saidAt = this.#clock.elapsed();
    await this.#store.noteWorker(this.#run, this.#worker, state, this.#device);
  }
}
