import { z } from "zod";
import { mistake } from "../mistake.ts";
import { asFactory, strategy } from "../strategy.ts";
import { burnInSteps, type Ready } from "./ready.ts";

export const steps = z
  .int(mistake("must be a whole number", "give a number of steps such as 200"))
  .min(1, mistake("must be at least 1", "give a number of steps such as 200"));

const make = strategy(
  "everySteps",
  { steps, burnInSteps },
  ({ steps, burnInSteps }): Ready =>
    Object.assign(
      ({ stepsInGeneration }: { stepsInGeneration: number }) => stepsInGeneration >= steps,
      {
        burnInSteps,
        generationLength: { steps },
      },
    ),
);

/** A generation is a number of training steps. */
export function everySteps(steps: number, options: { burnInSteps?: number } = {}): Ready {
  return make({ steps, ...options });
}

asFactory(everySteps);
