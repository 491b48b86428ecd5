/**
 * The time and the luck of a simulated system. One thing happens after the other: events wait in a
 * queue for their time, and everything that follows from one at once is over before the next.
 */
import { firstPlace } from "../../src/algorithm/bisect.ts";
import { type Random, randomStream } from "../../src/algorithm/random.ts";
import type { Clock } from "../../src/worker/clock.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly process: Process | undefined;
  readonly what: string;
  readonly run: () => void;
}

export class World {
  readonly random: Random;
  readonly #log: ((line: string) => void) | undefined;
  /** The next event is the last. */
  readonly #queue: Event[] = [];
  #time = 1_700_000_000_000;
  #orders = 0;
  steps = 0;

  constructor(seed: number, log?: (line: string) => void) {
    this.random = randomStream("simulation", seed);
    this.#log = log;
  }

  get time(): number {
    return this.#time;
  }

  /** Lets something happen later. */
  later(
    milliseconds: number,
    what: string,
    run: () => void,
    process?: Process,
  ): { cancel(): void } {
    const event = { at: this.#time + milliseconds, order: this.#orders++, process, what, run };
    this.#queue.splice(
      firstPlace(this.#queue, (other) => isBefore(other, event)),
      0,
      event,
    );
    return { cancel: () => Object.assign(event, { run: () => {}, what: "" }) };
  }

  /** A moment of a person, a network or a supervisor. */
  pause(milliseconds: number, what = "pause"): Promise<void> {
    return new Promise((resolve) => void this.later(milliseconds, what, resolve));
  }

  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  between(min: number, max: number): number {
    return min + Math.floor(this.random.uniform() * (max - min + 1));
  }

  say(line: string): void {
    this.#log?.(`${String(this.#time - 1_700_000_000_000).padStart(9)} ms  ${line}`);
  }

  /** Runs until nothing is left to happen, or `isOver`. `check` is asked after every event. */
  async run(isOver: () => boolean, check: () => Promise<void>): Promise<void> {
    while (!isOver()) {
      const event = this.#queue.pop();
      if (!event) return;
      this.#time = Math.max(this.#time, event.at);
      const { process } = event;
      if (process?.isDead) continue;
      if (process && process.frozenUntil > this.#time) {
        this.later(process.frozenUntil - this.#time, event.what, event.run, process);
        continue;
      }
      if (event.what === "") continue;
      this.steps++;
      this.say(`${process?.name ?? "-"}  ${event.what}`);
      event.run();
      await new Promise(setImmediate);
      await check();
    }
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** A process of a simulated machine. */
export class Process {
  readonly name: string;
  readonly #world: World;
  isDead = false;
  /** Until then it is stopped, as by a signal. */
  frozenUntil = 0;
  /** How much longer everything takes on its machine. */
  readonly slowness: number;
  readonly #onDeath: (() => void)[] = [];

  constructor(world: World, name: string, slowness = 1) {
    this.#world = world;
    this.name = name;
    this.slowness = slowness;
  }

  /** It does nothing more. What it waits for never comes. */
  kill(): void {
    this.isDead = true;
    for (const call of this.#onDeath) call();
  }

  onDeath(call: () => void): void {
    this.#onDeath.push(call);
  }

  /** Waits for something outside of the process that takes a while. */
  wait(milliseconds: number, what: string): Promise<void> {
    return new Promise(
      (resolve) => void this.#world.later(milliseconds * this.slowness, what, resolve, this),
    );
  }

  get clock(): Clock {
    const world = this.#world;
    const after = (milliseconds: number, call: () => void): Disposable => {
      const event = world.later(milliseconds, "timer", call, this);
      return { [Symbol.dispose]: () => event.cancel() };
    };
    return {
      now: () => world.time,
      elapsed: () => world.time,
      after,
      every: (milliseconds, call) => {
        let timer: Disposable;
        const again = () => {
          timer = after(milliseconds, () => {
            again();
            call();
          });
        };
        again();
        return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
      },
      pause: (milliseconds, signal) =>
        new Promise((resolve) => {
          const end = () => {
            timer[Symbol.dispose]();
            signal.removeEventListener("abort", end);
            resolve();
          };
          const timer = after(milliseconds, end);
          signal.addEventListener("abort", end);
          if (signal.aborted) end();
        }),
      giveWay: async () => {},
    };
  }
}
