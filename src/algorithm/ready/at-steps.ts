import { z } from "zod";
import { mistake } from "../mistake.ts";
import { asFactory, strategy } from "../strategy.ts";
import { burnInSteps, type Ready } from "./ready.ts";

export const stepList = z
  .array(
    z
      .int(mistake("must be a whole number", "give a step"))
      .min(1, mistake("must be at least 1", "give a step")),
    mistake("must be a list", "give steps such as [100, 300, 900]"),
  )
  .min(1, mistake("is empty", "give steps such as [100, 300, 900]"))
  .refine(
    (steps) => steps.every((step, index) => index === 0 || step > steps[index - 1]!),
    mistake("must rise", "sort the steps"),
  );

const make = strategy(
  "atSteps",
  { steps: stepList, burnInSteps },
  ({ steps, burnInSteps }): Ready => {
    const ends = new Set(steps);
    const last = steps.at(-1)!;
    const length = last - (steps.at(-2) ?? 0);
    const isReady = ({ step }: { step: number }) =>
      ends.has(step) || (step > last && (step - last) % length === 0);
    return Object.assign(isReady, { burnInSteps });
  },
);

/**
 * A generation ends at each of these steps of the lineage. After the last of them generations are
 * as long as the last one was.
 */
export function atSteps(steps: readonly number[], options: { burnInSteps?: number } = {}): Ready {
  return make({ steps: [...steps], ...options });
}

asFactory(atSteps);
