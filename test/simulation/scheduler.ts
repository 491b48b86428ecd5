/**
 * Runs actors one await at a time, in an order that a seed decides, and kills some of them on the
 * way.
 */
import type { Random } from "../../src/algorithm/random.ts";

/**
 * What an actor awaits wherever another may go on in between. Throws a `Death` when the actor is
 * killed there.
 */
export type Turn = () => Promise<void>;

/** The actor's process is gone: it does nothing more. */
export class Death extends Error {}

interface Parked {
  readonly goOn: () => void;
  readonly die: () => void;
}

export class Scheduler {
  steps = 0;
  readonly #random: Random;
  readonly #deaths: number;
  readonly #overlap: boolean;
  readonly #parked: Parked[] = [];
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #notify = () => {};

  /**
   * `overlap`: the next actor may go on while the last one still waits for the disk; then the disk
   * has a say in the order.
   */
  constructor(
    random: Random,
    { deaths, overlap }: { readonly deaths: number; readonly overlap: boolean },
  ) {
    this.#random = random;
    this.#deaths = deaths;
    this.#overlap = overlap;
  }

  start(actor: (turn: Turn) => Promise<void>): void {
    this.#running++;
    actor(() => this.#park())
      .catch((error) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running--;
        this.#notify();
      });
  }

  /** Runs until every actor has ended. Rejects with the first error of one. */
  async run(): Promise<void> {
    while (this.#failure === undefined && this.#running + this.#parked.length > 0) {
      const mayGoOn = this.#parked.length > 0 && this.#overlap && this.#random.uniform() < 0.5;
      if (this.#running > 0 && !mayGoOn) {
        await new Promise<void>((resolve) => {
          this.#notify = resolve;
        });
        continue;
      }
      if (this.#running > 0) await new Promise((resolve) => setImmediate(resolve));
      this.#next();
    }
    if (this.#failure) throw this.#failure.error;
  }

  #park(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#parked.push({ goOn: resolve, die: () => reject(new Death("killed")) });
      this.#running--;
      this.#notify();
    });
  }

  #next(): void {
    this.steps++;
    const [parked] = this.#parked.splice(this.#random.integer(this.#parked.length), 1);
    this.#running++;
    if (this.#random.uniform() < this.#deaths) parked!.die();
    else parked!.goOn();
  }
}

/** The same object, whose methods give way to others before and after their work. */
export function givingWay<T extends object>(target: T, turn: Turn): T {
  return new Proxy(target, {
    get(object, name) {
      const method: unknown = Reflect.get(object, name);
      if (typeof method !== "function") return method;
      return async (...values: unknown[]) => {
        await turn();
        const result: unknown = await method.apply(object, values);
        await turn();
        return result;
      };
    },
  });
}
