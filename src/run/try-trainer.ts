import { randomStream } from "../algorithm/random.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import { restoreFrom, saveTo } from "../worker/checkpoints.ts";
import { requireMetric } from "../worker/measurement.ts";

/**
 * Starts a trainer, and evaluates, saves and restores once, so that a mistake is found before a
 * run exists. Disposes the session.
 */
export async function tryTrainer(
  experiment: Experiment,
  seed: number,
  session: TrainerSession,
  checkpoints: CheckpointStore = memoryCheckpointStore(),
): Promise<void> {
  const hyperparameters = experiment.strategies.space.sample(randomStream(seed, "try"));
  const turn = { member: 0, seed, hyperparameters };
  try {
    await session.start(turn);
    requireMetric(await session.evaluate(false), experiment.objective.metric);
    const id = await saveTo(checkpoints, session, async () => {});
    await restoreFrom(checkpoints, session, id, turn);
  } finally {
    await session.dispose();
  }
}
