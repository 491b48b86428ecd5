import * as z from "zod/mini";
import { described } from "../described.ts";
import { mistake } from "../mistake.ts";
import type { SearchSpace } from "../search-space.ts";
import type { Hyperparameters, HyperparameterValue } from "../snapshot.ts";
import { strategy } from "../strategy.ts";
import type { SimpleExplore } from "./explore.ts";

export const probability = z
  .number(mistake("must be a number", "give a probability from 0 to 1"))
  .check(
    z.gte(0, mistake("must be at least 0", "give a probability from 0 to 1")),
    z.lte(1, mistake("must be at most 1", "give a probability from 0 to 1")),
  );

/**
 * Draws each hyperparameter from its prior with `resampleProbability`, and otherwise moves it by
 * one of the factors (Jaderberg et al. 2017: 0.8 or 1.2). Each kind says what a factor means to
 * it. Only a draw changes a choice.
 */
export const perturb = strategy(
  {
    name: "perturb",
    summary: "Moves each hyperparameter by a factor, or draws it from its prior.",
  },
  {
    factors: described(
      "A hyperparameter is moved by one of these.",
      z._default(
        z
          .array(
            z.number(mistake("must be a number", "give a factor such as 0.8 or 1.2")).check(
              z.positive(mistake("must be above 0", "give a factor such as 0.8 or 1.2")),
              z.refine(
                (factor) => factor !== 1,
                mistake("moves nothing", "give a factor such as 0.8 or 1.2"),
              ),
            ),
            mistake("must be a list", "give factors such as [0.8, 1.2]"),
          )
          .check(
            z.minLength(
              1,
              mistake("is empty", "give factors such as [0.8, 1.2], or use noExplore()"),
            ),
          ),
        [0.8, 1.2],
      ),
    ),
    resampleProbability: described(
      "How often a hyperparameter is drawn from its prior instead of moved.",
      z._default(probability, 0.25),
    ),
    leastShare: described(
      "The share of its range that a hyperparameter on a log scale, or near 1, moves by at " +
        "least, whatever the factor. A factor of 2 is a tenth of three decades.",
      z._default(
        z
          .number(mistake("must be a number", "give a share such as 0.1"))
          .check(
            z.gte(0, mistake("must be at least 0", "give a share such as 0.1")),
            z.lte(1, mistake("must be at most 1", "give a share such as 0.1")),
          ),
        0,
      ),
    ),
  },
  ({ factors, resampleProbability, leastShare }): SimpleExplore =>
    (hyperparameters, space, random) =>
      mapValues(hyperparameters, space, (name, value) => {
        const hyperparameter = space.hyperparameter(name);
        if (random.uniform() < resampleProbability) return hyperparameter.sample(random);
        const least = (hyperparameter.span ?? 1) ** leastShare;
        return hyperparameter.perturb(value, atLeast(least, random.pick(factors)));
      }),
);

function atLeast(least: number, factor: number): number {
  return factor < 1 ? Math.min(factor, 1 / least) : Math.max(factor, least);
}

/**
 * Changes the hyperparameters that are present and not inherited, in the order of the space, so
 * that draws do not depend on the order of keys.
 */
export function mapValues(
  hyperparameters: Hyperparameters,
  space: SearchSpace,
  change: (name: string, value: HyperparameterValue) => HyperparameterValue,
): Hyperparameters {
  const changed: Record<string, HyperparameterValue> = {};
  for (const name of space.names) {
    const value = hyperparameters[name];
    if (value === undefined) continue;
    changed[name] = space.hyperparameter(name).inherited ? value : change(name, value);
  }
  return changed;
}
