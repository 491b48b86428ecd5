import { z } from "zod";
import { mistake } from "../mistake.ts";
import { asFactory, strategy } from "../strategy.ts";
import { burnInSteps, type Ready } from "./ready.ts";

export const seconds = z
  .number(mistake("must be a number", "give seconds such as 30"))
  .positive(mistake("must be above 0", "give seconds such as 30"));

const make = strategy(
  "everySeconds",
  { seconds, burnInSteps },
  ({ seconds, burnInSteps }): Ready =>
    Object.assign(
      ({ secondsInGeneration }: { secondsInGeneration: number }) => secondsInGeneration >= seconds,
      { burnInSteps, generationLength: { seconds } },
    ),
);

/**
 * A generation is a time, so fast members train more steps in it. Runs with it cannot be repeated
 * bit for bit.
 */
export function everySeconds(seconds: number, options: { burnInSteps?: number } = {}): Ready {
  return make({ seconds, ...options });
}

asFactory(everySeconds);
