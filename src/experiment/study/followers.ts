/**
 * Fresh models trained with what a population has found: its schedule, or its last
 * hyperparameters.
 */

import { BadInputError } from "../../algorithm/problem.ts";
import { merged, type ScheduleSegment } from "../../algorithm/schedule.ts";
import type { Settings } from "../settings.ts";
import { givenBy, unchanging } from "./baselines.ts";

/** The settings that these variants set themselves. Other values of them make no difference. */
export const givenByFollowing = {
  replay: ["exploit", "explore", "exploreEvery", "ready", "initial"],
  final: givenBy.fixed!,
};

/**
 * Trains `models` fresh models along a recorded schedule, each for `steps` steps. Beyond the end
 * of the schedule its last hyperparameters stay. Throws a `BadInputError` for an empty schedule.
 */
export function replaySettings(
  schedule: readonly ScheduleSegment[],
  models: number,
  steps = schedule.at(-1)?.toStep,
): Settings {
  const [first] = schedule;
  if (!first) {
    const remedy = "replay a lineage that has been trained";
    throw new BadInputError([
      { path: "schedule", value: "[]", rule: "has no generation", remedy },
    ]);
  }
  return {
    ...unchanging,
    population: models,
    explore: { followSchedule: { schedule: merged(schedule).map(partOf) } },
    exploreEvery: "generation",
    ready: generationsOf(schedule),
    initial: first.hyperparameters,
    budget: { stepsPerMember: steps },
  };
}

/**
 * Generations end where the recorded ones ended. Equal lengths become `everySteps`, since a
 * trainer in another process then trains without being asked after every step.
 */
function generationsOf(schedule: readonly ScheduleSegment[]) {
  const length = schedule[0]!.toStep;
  const areEqual = schedule.every(({ toStep }, index) =>
    index === schedule.length - 1
      ? toStep <= length * (index + 1)
      : toStep === length * (index + 1),
  );
  return areEqual ? { everySteps: length } : { atSteps: schedule.map(({ toStep }) => toStep) };
}

function partOf({ toStep, hyperparameters }: ScheduleSegment) {
  return { toStep, hyperparameters };
}
