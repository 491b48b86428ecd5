/**
 * What the built-in ready strategies share. The burn-in belongs to the experiment. Users give it
 * beside the end of a generation, and `defineExperiment` takes it from there.
 */
import * as z from "zod/mini";
import { described } from "../described.ts";
import { mistake } from "../mistake.ts";
import { type About, type StrategyFactory, strategy } from "../strategy.ts";
import type { Ready } from "./ready.ts";

export interface BurnIn {
  /** Steps of the lineage during which no member copies or explores (default 0). */
  readonly burnInSteps?: number;
}

const burnInRemedy = "give a number of steps, or leave it out";
const burnInSteps = described(
  "Steps during which no member copies or explores.",
  z._default(
    z
      .int(mistake("must be a whole number", burnInRemedy))
      .check(z.gte(0, mistake("must be at least 0", burnInRemedy))),
    0,
  ),
);

/** A factory with the first option of the shape as the leading one, and with `burnInSteps`. */
export function readyStrategy<Shape extends z.core.$ZodShape>(
  about: About<z.input<z.ZodMiniObject<Shape>>, never>,
  shape: Shape,
  build: (options: z.output<z.ZodMiniObject<Shape>>) => Ready,
): StrategyFactory<Ready> {
  const leading = Object.keys(shape)[0];
  return strategy({ ...about, leading } as never, { ...shape, burnInSteps }, (options) =>
    Object.assign(build(options as never), {
      burnInSteps: (options as { burnInSteps: number }).burnInSteps,
    }),
  );
}

/** The burn-in that a ready strategy was made with; a user's own function has none. */
export function burnInOf(ready: Ready): number {
  return (ready as BurnIn).burnInSteps ?? 0;
}
