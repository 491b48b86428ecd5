import * as z from "zod/mini";
import { firstPlace } from "../bisect.ts";
import { described } from "../described.ts";
import { hyperparameterValue } from "../hyperparameter-value.ts";
import { mistake } from "../mistake.ts";
import { strategy } from "../strategy.ts";
import type { SimpleExplore } from "./explore.ts";

const part = z.object(
  {
    toStep: described(
      "The last step that is trained with them.",
      z
        .int(mistake("must be a whole number", "give the last step of this part"))
        .check(z.gte(1, mistake("must be at least 1", "give the last step of this part"))),
    ),
    hyperparameters: described(
      "Values by name.",
      z.record(
        z.string(),
        hyperparameterValue,
        mistake("must be an object", "give values by name"),
      ),
    ),
  },
  mistake(
    "must be an object",
    "give for example { toStep: 1000, hyperparameters: { rate: 0.1 } }",
  ),
);

/**
 * The hyperparameters that a schedule has for the next step of the weights, or its last ones after
 * its end. A hyperparameter that it does not name stays as it is. With `exploreEvery:
 * "generation"` and `noExploit()` fresh models are trained along the schedule, whose first part is
 * given as `initial`.
 */
export const followSchedule = strategy(
  {
    name: "followSchedule",
    summary: "Hyperparameters follow a schedule that was found, or written by hand.",
    example: { schedule: [{ toStep: 1000, hyperparameters: { rate: 0.1 } }] },
  },
  {
    schedule: described(
      "Parts in the order of steps: hyperparameters, and the last step that is trained with them.",
      z.array(part, mistake("must be a list", "give what schedule(lineage) gives")).check(
        z.minLength(1, mistake("is empty", "give at least one part")),
        z.refine(
          (parts) =>
            parts.every(({ toStep }, index) => index === 0 || toStep > parts[index - 1]!.toStep),
          mistake("must be in the order of steps", "sort it by toStep"),
        ),
      ),
    ),
  },
  ({ schedule }): SimpleExplore =>
    (hyperparameters, _space, _random, { step }) => {
      const place = firstPlace(schedule, ({ toStep }) => toStep > step);
      return { ...hyperparameters, ...(schedule[place] ?? schedule.at(-1)!).hyperparameters };
    },
);
