import * as z from "zod/mini";
import { mistake } from "../mistake.ts";
import { withLeading } from "../strategy.ts";
import { type BurnIn, readyStrategy } from "./ready-strategy.ts";

const remedy = "give a number of steps such as 200";

const factory = readyStrategy(
  {
    name: "everySteps",
    summary: "A generation lasts a fixed number of training steps.",
    example: { steps: 200 },
  },
  {
    steps: z
      .int(mistake("must be a whole number", remedy))
      .check(z.gte(1, mistake("must be at least 1", remedy))),
  },
  ({ steps }) =>
    Object.assign(
      ({ stepsInGeneration }: { stepsInGeneration: number }) => stepsInGeneration >= steps,
      { generationLength: { steps } },
    ),
);

/** A generation lasts a fixed number of training steps. */
export const everySteps = withLeading(factory, (steps: number, options: BurnIn = {}) =>
  factory.from({ steps, ...options }),
);
