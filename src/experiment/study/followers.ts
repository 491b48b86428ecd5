/**
 * Fresh models trained by what a population has found: its schedule, or the hyperparameters that
 * it ended with.
 */

import { BadInputError } from "../../algorithm/problem.ts";
import { merged, type ScheduleSegment } from "../../algorithm/schedule.ts";
import type { Settings } from "../settings.ts";
import { givenBy, unchanging } from "./baselines.ts";

/** Which settings those give themselves, so that other values of them make no difference. */
export const givenByFollowing = {
  replay: ["exploit", "explore", "exploreEvery", "ready", "initial"],
  final: givenBy.fixed!,
};

/**
 * So many fresh models, each trained along a recorded schedule for so many steps: where these are
 * more than the schedule has, with its last hyperparameters. Throws a `BadInputError` for an empty
 * schedule.
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
 * Generations end where they ended: of equal length where they can be, which a trainer in another
 * process needs not be asked about.
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
