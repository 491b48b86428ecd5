/**
 * Some of many workers, in one process: `empty-worker.ts URL RUN CHECKPOINTS COUNT`. Says when it
 * is ready, and begins when it is told.
 */
import { once } from "node:events";
import { filesystemCheckpointStore, postgresPopulationStore, type RunId } from "clade";
import { ownWorkerId } from "../../src/processes/worker-variables.ts";
import { sessionOf } from "../../src/trainer/session-of.ts";
import { work } from "../../src/worker/worker.ts";
import { emptyExperiment } from "./empty-experiment.ts";

const [url, id, checkpoints, count] = process.argv.slice(2) as [string, RunId, string, string];
await using populationStore = await postgresPopulationStore(url);
const run = await populationStore.run(id);
const experiment = emptyExperiment(
  run.experiment.population,
  run.experiment.budget.stepsPerMember!,
);
process.send!("ready");
await once(process, "message");
const checkpointStore = filesystemCheckpointStore(checkpoints);
const oneWorker = () =>
  work({
    worker: ownWorkerId(),
    run,
    experiment,
    populationStore,
    checkpointStore,
    session: sessionOf(experiment.trainer),
    signal: new AbortController().signal,
    takesTurns: Number(count) > 1,
  });
await Promise.all(Array.from({ length: Number(count) }, oneWorker));
process.disconnect();
