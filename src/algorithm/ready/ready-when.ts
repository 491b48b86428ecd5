import { z } from "zod";
import { mistake } from "../mistake.ts";
import { asFactory, strategy } from "../strategy.ts";
import { burnInSteps, type Progress, type Ready } from "./ready.ts";

const make = strategy(
  "readyWhen",
  {
    predicate: z.custom<(progress: Progress) => boolean>(
      (value) => typeof value === "function",
      mistake("must be a function", "give one of the progress that returns true or false"),
    ),
    burnInSteps,
  },
  ({ predicate, burnInSteps }): Ready =>
    Object.assign((progress: Progress) => predicate(progress), { burnInSteps }),
);

/** A generation ends when the predicate says so. It is asked after every step. */
export function readyWhen(
  predicate: (progress: Progress) => boolean,
  options: { burnInSteps?: number } = {},
): Ready {
  return make({ predicate, ...options });
}

asFactory(readyWhen);
