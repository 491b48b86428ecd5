/**
 * One of several workers: `scaling-worker.ts URL RUN CHECKPOINTS sleep|compute MS`. Says when it
 * is ready, begins when it is told, and works until it is ended.
 */
import { once } from "node:events";
import {
  defineExperiment,
  everySteps,
  filesystemCheckpointStore,
  logUniform,
  maximize,
  perturb,
  postgresPopulationStore,
  type RunId,
  truncationSelection,
} from "clade";
import { ownWorkerId } from "../../src/processes/worker-variables.ts";
import { sessionOf } from "../../src/trainer/session-of.ts";
import { work } from "../../src/worker/worker.ts";

export function scalingExperiment(population: number, kind: "sleep" | "compute", ms: number) {
  class ScalingTrainer {
    #score = 0;
    async step({ rate }: { readonly rate: number }) {
      if (kind === "sleep") await new Promise((resolve) => setTimeout(resolve, ms));
      else compute(ms);
      this.#score += rate;
    }
    evaluate() {
      return { score: this.#score };
    }
    save() {
      return { score: this.#score };
    }
    restore({ score }: { readonly score: number }) {
      this.#score = score;
    }
  }
  return defineExperiment({
    name: kind,
    population,
    hyperparameters: { rate: logUniform(1e-4, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    exploit: truncationSelection(),
    explore: perturb(),
    budget: { stepsPerMember: 1_000_000 },
    trainer: ScalingTrainer,
  });
}

/** So much processor time, however long it takes. */
function compute(ms: number): void {
  const begin = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(begin);
    if (user + system >= 1000 * ms) return;
  }
}

if (process.argv[1] === import.meta.filename) {
  const [url, id, checkpoints, kind, ms] = process.argv.slice(2) as [
    string,
    RunId,
    string,
    "sleep" | "compute",
    string,
  ];
  await using populationStore = await postgresPopulationStore(url);
  const run = await populationStore.run(id);
  const experiment = scalingExperiment(run.experiment.population, kind, Number(ms));
  process.send!("ready");
  await once(process, "message");
  await work({
    worker: ownWorkerId(),
    run,
    experiment,
    populationStore,
    checkpointStore: filesystemCheckpointStore(checkpoints),
    session: sessionOf(experiment.trainer),
    signal: new AbortController().signal,
  });
}
