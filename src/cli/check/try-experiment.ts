import { filesystemCheckpointStore } from "../../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { WorkerProcesses } from "../../processes/worker-processes.ts";
import { tryTrainer } from "../../run/try-trainer.ts";
import { sessionOf } from "../../trainer/session-of.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Tests the trainer as a worker will use it, so that a mistake is found before a run exists. */
export async function tryExperiment(
  experiment: Experiment,
  seed: number,
  { environment }: WorkerProcesses,
): Promise<void> {
  using directory = temporaryDirectory();
  await using checkpoints = filesystemCheckpointStore(directory.path);
  const session = sessionOf(experiment.trainer, {
    environment: environment(0),
    stepTimeoutSeconds: experiment.stepTimeoutSeconds,
  });
  await tryTrainer(experiment, seed, session, checkpoints);
}
