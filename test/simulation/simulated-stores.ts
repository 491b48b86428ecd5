/**
 * The two stores as a simulated process reaches them: every call takes a while to arrive and to be
 * answered, the store may be away, and answers may be lost.
 */
import type { CheckpointId } from "../../src/algorithm/snapshot.ts";
import {
  CheckpointError,
  type CheckpointStore,
} from "../../src/checkpoint-store/checkpoint-store.ts";
import type { PopulationStore } from "../../src/population-store/population-store.ts";
import type { Process, World } from "./world.ts";

/** What is wrong at the moment, for everybody. */
export interface Weather {
  /** Until then no store answers. */
  awayUntil: number;
  /** Until then nothing can be saved. */
  fullUntil: number;
  /** How often an answer is lost, after what was asked for was done. */
  lostAnswers: number;
  /** How often a checkpoint is damaged when it is saved. */
  tornCheckpoints: number;
}

/** How often a waiting process hears whether something has changed, in milliseconds. */
const lookMs = 50;

export function populationAsSeenBy(
  process: Process,
  world: World,
  weather: Weather,
  store: PopulationStore,
): PopulationStore {
  const reads = new Set<PropertyKey>(["history", "decisions", "tree", "mark"]);
  async function waitForChange(seen: string, timeoutMs: number, signal?: AbortSignal) {
    const end = world.time + timeoutMs;
    while (world.time < end && !signal?.aborted && store.mark() === seen)
      await process.wait(Math.min(lookMs, end - world.time), "looks for a change");
  }
  return new Proxy(store, {
    get(object, name) {
      if (name === "waitForChange") return waitForChange;
      const method: unknown = Reflect.get(object, name);
      if (typeof method !== "function" || reads.has(name)) return method;
      return async (...values: unknown[]) => {
        await process.wait(world.between(0, 4), String(name));
        if (world.time < weather.awayUntil) throw new Error("the store is away");
        const result: unknown = await method.apply(object, values);
        await process.wait(world.between(0, 4), `answer to ${String(name)}`);
        if (world.chance(weather.lostAnswers)) throw new Error("the connection was lost");
        return result;
      };
    },
  });
}

export class SimulatedStorage {
  readonly torn = new Set<CheckpointId>();
  readonly #inner: CheckpointStore;

  constructor(inner: CheckpointStore) {
    this.#inner = inner;
  }

  load(id: CheckpointId) {
    return this.#inner.load(id);
  }

  asSeenBy(process: Process, world: World, weather: Weather): CheckpointStore {
    const { torn } = this;
    const inner = this.#inner;
    return {
      ...inner,
      async save(files, reserve, base) {
        await process.wait(world.between(1, 200), "writes a checkpoint");
        if (world.time < weather.fullUntil) throw new Error("the disk is full");
        const id = await inner.save(files, reserve, base);
        if (world.chance(weather.tornCheckpoints)) torn.add(id);
        await process.wait(world.between(0, 20), "has written a checkpoint");
        return id;
      },
      async load(id) {
        await process.wait(world.between(1, 100), "reads a checkpoint");
        if (torn.has(id)) throw new CheckpointError(id, "is torn");
        return await inner.load(id);
      },
      async beginSweep(how) {
        await process.wait(world.between(1, 100), "looks what there is");
        return await inner.beginSweep(how);
      },
      async [Symbol.asyncDispose]() {},
    };
  }
}
