import type { ScheduleSegment } from "../algorithm/schedule.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { type Measurement, measurementOf } from "./measurement.ts";
import { trainerSeed } from "./worker.ts";

/**
 * Trains one fresh model along a recorded schedule, with the seeds of the members that trained it, and resolves its last evaluation. Each
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
    const context = ({ member, hyperparameters }: ScheduleSegment) => ({
      seed: trainerSeed(seed, member),
      hyperparameters,
    });
    await session.start(context(first));
    let measurement: Measurement = { metrics: {} };
    let trainedBy = first.member;
    for (const segment of schedule) {
      const { member, fromStep, toStep, hyperparameters } = segment;
      if (member !== trainedBy) await session.restore(await session.save(), context(segment));
      trainedBy = member;
      for (let step = fromStep; step < toStep; step++) await session.step(hyperparameters);
      measurement = measurementOf(await session.evaluate(false), experiment.objective.metric);
    }
    return measurement;
  } finally {
    await session.dispose();
  }
}
