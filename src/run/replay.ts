import { everySteps } from "../algorithm/ready/every-steps.ts";
import type { ScheduleSegment } from "../algorithm/schedule.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type Measurement, measurementOf } from "../worker/measurement.ts";
import { trainerSeed } from "../worker/trainer-seed.ts";
import { type SessionOf, sessionInThisProcess } from "./session-in-this-process.ts";

const endless = { stepsLeft: Infinity, millisecondsLeft: Infinity };

/** The public `replay`, with the sessions of a host. */
export async function replay(
  experiment: Experiment,
  seed: number,
  schedule: readonly ScheduleSegment[],
  sessionOf: SessionOf = sessionInThisProcess,
): Promise<Measurement> {
  const session = sessionOf(experiment.trainer, experiment);
  const [first] = schedule;
  if (!first) return { metrics: {} };
  try {
    const turn = (
      { member, hyperparameters, fromStep, toStep }: ScheduleSegment,
      generation: number,
    ) => ({
      member,
      seed: trainerSeed(seed, member),
      hyperparameters,
      place: { generation, step: fromStep, stepCount: toStep - fromStep },
    });
    await session.start(turn(first, 0));
    let measurement: Measurement = { metrics: {} };
    let trainedBy = first.member;
    for (const [index, segment] of schedule.entries()) {
      const { member, fromStep, toStep, hyperparameters } = segment;
      const isHeld =
        member === trainedBy && (session.hyperparameters === "with train" || segment === first);
      if (!isHeld) await session.restore(await session.save(), turn(segment, index));
      trainedBy = member;
      const ready = everySteps(toStep - fromStep);
      await session.train({
        ...endless,
        hyperparameters,
        ready,
        step: fromStep,
        generation: index,
      });
      measurement = measurementOf(await session.evaluate(false), experiment.objective.metric);
    }
    return measurement;
  } finally {
    await session.dispose();
  }
}
