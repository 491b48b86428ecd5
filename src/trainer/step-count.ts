import { generationLengthOf } from "../algorithm/ready/ready.ts";
import type { Generation } from "./trainer-session.ts";

/** How many steps a generation will have, where that is known before it begins. */
export function stepCountOf({
  ready,
  stepsLeft,
}: Pick<Generation, "ready" | "stepsLeft">): number | undefined {
  const length = generationLengthOf(ready);
  return length && "steps" in length ? Math.min(length.steps, stepsLeft) : undefined;
}
