import * as z from "zod/mini";
import { mistake } from "../mistake.ts";
import { withLeading } from "../strategy.ts";
import { type BurnIn, readyStrategy } from "./ready-strategy.ts";

const step = z
  .int(mistake("must be a whole number", "give a step"))
  .check(z.gte(1, mistake("must be at least 1", "give a step")));
const remedy = "give steps such as [100, 300, 900]";
const rises = (steps: readonly number[]) =>
  steps.every((step, index) => index === 0 || step > steps[index - 1]!);

const factory = readyStrategy(
  {
    name: "atSteps",
    summary: "A generation ends at each of these steps.",
    example: { steps: [100, 300, 900] },
  },
  {
    steps: z
      .array(step, mistake("must be a list", remedy))
      .check(
        z.minLength(1, mistake("is empty", remedy)),
        z.refine(rises, mistake("must rise", "sort the steps")),
      ),
  },
  ({ steps }) => {
    const ends = new Set(steps);
    const last = steps.at(-1)!;
    const length = last - (steps.at(-2) ?? 0);
    return ({ step }) => ends.has(step) || (step > last && (step - last) % length === 0);
  },
);

/**
 * A generation ends at each of these steps of the lineage. After the last of them every generation
 * is as long as the last one.
 */
export const atSteps = withLeading(factory, (steps: readonly number[], options: BurnIn = {}) =>
  factory.from({ steps: [...steps], ...options }),
);
