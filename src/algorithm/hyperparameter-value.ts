import * as z from "zod/mini";
import { mistake } from "./mistake.ts";
import type { HyperparameterValue } from "./snapshot.ts";

/** A value that every store can keep: JSON has no NaN, and no infinity. */
export const hyperparameterValue = z.union(
  [z.number(), z.string(), z.boolean()],
  mistake(
    "must be a finite number, a string, true or false",
    "name it and map the name in the trainer",
  ),
);

export function isHyperparameterValue(value: unknown): value is HyperparameterValue {
  return hyperparameterValue.safeParse(value).success;
}
