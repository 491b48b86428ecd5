import * as z from "zod/mini";
import { mistake } from "../mistake.ts";
import { withLeading } from "../strategy.ts";
import { type BurnIn, readyStrategy } from "./ready-strategy.ts";

const remedy = "give seconds such as 30";

const factory = readyStrategy(
  {
    name: "everySeconds",
    summary: "A generation lasts a fixed time, so fast members train more steps in it.",
    example: { seconds: 30 },
  },
  {
    seconds: z
      .number(mistake("must be a number", remedy))
      .check(z.positive(mistake("must be above 0", remedy))),
  },
  ({ seconds }) =>
    Object.assign(
      ({ secondsInGeneration }: { secondsInGeneration: number }) => secondsInGeneration >= seconds,
      { generationLength: { seconds } },
    ),
);

/**
 * A generation lasts a fixed time, so fast members train more steps in it. Runs with it cannot
 * be repeated bit for bit.
 */
export const everySeconds = withLeading(factory, (seconds: number, options: BurnIn = {}) =>
  factory.from({ seconds, ...options }),
);
