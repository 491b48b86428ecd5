/** A worker process, to be killed: `crash-worker.ts STORE CHECKPOINTS RUN WORKER`. */
import { filesystemCheckpointStore } from "../../src/checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { RunId, WorkerId } from "../../src/population-store/population-store.ts";
import { sessionOf } from "../../src/trainer/session-of.ts";
import { work } from "../../src/worker/worker.ts";
import { walkExperiment } from "../walk/walk-experiment.ts";
import { openPopulation } from "./open-population.ts";

const [store, checkpoints, id, worker] = process.argv.slice(2) as [
  string,
  string,
  RunId,
  WorkerId,
];
await using populationStore = await openPopulation(store);
const run = await populationStore.run(id);
const { population, budget, synchronous } = run.experiment;
const experiment = walkExperiment({
  population,
  stepsPerMember: budget.stepsPerMember!,
  synchronous,
});
process.send?.("working");
await work({
  worker,
  run,
  experiment,
  populationStore,
  checkpointStore: filesystemCheckpointStore(checkpoints),
  session: sessionOf(experiment.trainer),
  signal: new AbortController().signal,
});
process.disconnect?.();
