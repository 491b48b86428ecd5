/**
 * One generation as a worker trains it. Nothing is published or kept. Whether a machine can work
 * on a run shows only when its trainer trains there.
 */
import { CheckpointError, type CheckpointStore } from "../../checkpoint-store/checkpoint-store.ts";
import { stepsLeft } from "../../experiment/budget.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { PopulationStore, Run } from "../../population-store/population-store.ts";
import type { TrainerSession } from "../../trainer/trainer-session.ts";
import { restoreFrom, saveTo } from "../../worker/checkpoints.ts";
import { requireMetric } from "../../worker/measurement.ts";
import { trainerSeed } from "../../worker/trainer-seed.ts";

/** A longer generation is not trained to its end. */
const maxTrialMs = 30_000;

export interface TrialOptions {
  readonly run: Run;
  readonly experiment: Experiment;
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  /** A separate store for the trial, in the same place as the run's. It is removed afterwards. */
  readonly aside: CheckpointStore;
  readonly session: TrainerSession;
}

/**
 * Continues from the newest snapshot of the run's first member, trains, evaluates, saves and
 * restores. Resolves the steps and the score. Throws what the trainer or a store throws. Disposes
 * the session.
 */
export async function tryGeneration(
  options: TrialOptions,
): Promise<{ steps: number; score: number }> {
  const { experiment, aside, session } = options;
  const { objective, ready, budget } = experiment;
  try {
    const { turn, step, generation } = await begin(options);
    const steps = await session.train({
      hyperparameters: turn.hyperparameters,
      step,
      generation,
      ready,
      stepsLeft: stepsLeft(budget, { memberSteps: 0, step }),
      millisecondsLeft: maxTrialMs,
    });
    const evaluation = await session.evaluate(objective.final !== undefined);
    requireMetric(evaluation, objective.metric);
    if (objective.final !== undefined) requireMetric(evaluation, objective.final);
    const checkpoint = await saveTo(aside, session, async () => {});
    await restoreFrom(aside, session, checkpoint, turn);
    return { steps, score: evaluation[objective.metric] as number };
  } finally {
    await session.dispose().catch(() => {});
    await aside.remove();
  }
}

async function begin({ run, populationStore, checkpointStore, session }: TrialOptions) {
  const [first] = await populationStore.members(run.id);
  const { member, checkpoint, hyperparameters, step, generation } = first!.newest;
  const seed = trainerSeed(run.seed, member);
  const turn = { member, seed, hyperparameters, place: { step, generation } };
  if (checkpoint !== undefined) {
    try {
      await restoreFrom(checkpointStore, session, checkpoint, turn);
      return { turn, step, generation };
    } catch (error) {
      // A worker may have replaced it meanwhile, so that it was collected.
      if (!(error instanceof CheckpointError)) throw error;
    }
  }
  const place = { step: 0, generation: 0 };
  await session.start({ ...turn, place });
  return { turn, ...place };
}
