import * as z from "zod/mini";
import { mistake } from "../mistake.ts";
import { withLeading } from "../strategy.ts";
import type { Ready } from "./ready.ts";
import { type BurnIn, readyStrategy } from "./ready-strategy.ts";

const factory = readyStrategy(
  {
    name: "readyWhen",
    summary: "A generation ends when the predicate says so.",
    example: { predicate: () => true },
    needsCode: true,
  },
  {
    predicate: z.custom<Ready>(
      (value) => typeof value === "function",
      mistake("must be a function", "give one of the progress that returns true or false"),
    ),
  },
  ({ predicate }) =>
    (progress) =>
      predicate(progress),
);

/** A generation ends when the predicate says so. It is asked after every step. */
export const readyWhen = withLeading(factory, (predicate: Ready, options: BurnIn = {}) =>
  factory.from({ predicate, ...options }),
);
