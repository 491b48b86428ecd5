import type { ScheduleSegment } from "../algorithm/schedule.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { type Measurement, measurementOf } from "./measurement.ts";
import { trainerSeed } from "./worker.ts";

/**
 * Trains one fresh model along a recorded schedule, with the seed of the lineage's root, and resolves its last evaluation. Each
 * generation is evaluated as it was in the run, so a deterministic trainer that saves all its state gives the run's score bit for bit.
 */
export async function replay(
  experiment: Experiment,
  seed: number,
  schedule: readonly ScheduleSegment[],
): Promise<Measurement> {
  const session = inProcessSession(experiment.trainer);
  const [first] = schedule;
  if (!first) return { metrics: {} };
  try {
    await session.start({ seed: trainerSeed(seed, first.member), hyperparameters: first.hyperparameters });
    let measurement: Measurement = { metrics: {} };
    for (const { fromStep, toStep, hyperparameters } of schedule) {
      for (let step = fromStep; step < toStep; step++) await session.step(hyperparameters);
      measurement = measurementOf(await session.evaluate(false), experiment.objective.metric);
    }
    return measurement;
  } finally {
    await session.dispose();
  }
}
