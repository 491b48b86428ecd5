import * as z from "zod/mini";
import { described } from "../described.ts";
import { strategy } from "../strategy.ts";
import type { SimpleExplore } from "./explore.ts";
import { mapValues, probability } from "./perturb.ts";

/**
 * Draws each hyperparameter from its prior with the given probability (Jaderberg et al. 2017,
 * resample).
 */
export const resample = strategy(
  { name: "resample", summary: "Draws each hyperparameter from its prior, with a probability." },
  {
    probability: described(
      "How often a hyperparameter is drawn from its prior.",
      z._default(probability, 1),
    ),
  },
  ({ probability: chance }): SimpleExplore =>
    (hyperparameters, space, random) =>
      mapValues(hyperparameters, space, (name, value) =>
        random.uniform() < chance ? space.hyperparameter(name).sample(random) : value,
      ),
);
