/**
 * Many workers in one process, each with connections of its own: `simulated-workers.ts URL RUN
 * CHECKPOINTS COUNT FIRST GENERATION_MS`. They begin one after the other within a generation's
 * time. Says for every generation how long it took and how much of that the worker waited for the
 * store.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import {
  filesystemCheckpointStore,
  type PopulationStore,
  postgresPopulationStore,
  type RunId,
} from "clade";
import type { WorkerId } from "../../src/population-store/population-store.ts";
import { sessionOf } from "../../src/trainer/session-of.ts";
import { work } from "../../src/worker/worker.ts";
import { simulatedExperiment } from "./simulated-experiment.ts";
import { timedStore } from "./timed-store.ts";

export interface Generation {
  readonly worker: number;
  /** Unix time of its end, and how long it took. */
  readonly at: number;
  readonly ms: number;
  readonly storeMs: number;
}

const [url, id, checkpoints, count, first, generationMs] = process.argv.slice(2) as [
  string,
  RunId,
  string,
  ...string[],
];
const signal = new AbortController();
const checkpointStore = filesystemCheckpointStore(checkpoints);
const generations: Generation[] = [];
const readings = new Map<string, Promise<unknown>>();

/**
 * Workers that begin read the whole population; those of this process share the reading, which is
 * measured on its own.
 */
function sharingReadings(store: PopulationStore): PopulationStore {
  const shared = <T>(key: string, read: () => Promise<T>) => {
    const reading = (readings.get(key) ?? read()) as Promise<T>;
    readings.set(key, reading);
    return reading;
  };
  return {
    ...store,
    present: (run) => shared("present", () => store.present(run)),
    generation: (run, generation) =>
      shared(`${generation}`, () => store.generation(run, generation)),
  };
}

async function oneWorker(index: number, direct: PopulationStore): Promise<void> {
  let storeMs = 0;
  let begin = performance.now();
  let turns = 0;
  const store = timedStore(sharingReadings(direct), (ms) => {
    storeMs += ms;
  });
  const run = await direct.run(id);
  const { population, budget } = run.experiment;
  const experiment = simulatedExperiment(population, budget.stepsPerMember!, () => {
    const now = performance.now();
    // From the beginning of one training to that of the next.
    generations.push({ worker: index, at: Date.now(), ms: now - begin, storeMs });
    begin = now;
    storeMs = 0;
    if (++turns === 2) process.send!("joined");
    return Number(generationMs);
  });
  process.send!("ready");
  await told;
  await sleep(Math.random() * Number(generationMs));
  await work({
    worker: `simulated:${index}:0` as WorkerId,
    run,
    experiment,
    populationStore: store,
    checkpointStore,
    session: sessionOf(experiment.trainer),
    signal: signal.signal,
    takesTurns: true,
  });
}

const told = once(process, "message");
const workers: Promise<void>[] = [];
for (let index = 0; index < Number(count); index++)
  workers.push(oneWorker(Number(first) + index, await postgresPopulationStore(url)));
await told;
await once(process, "message");
signal.abort();
process.send!(generations);
await Promise.allSettled(workers);
process.exit();
