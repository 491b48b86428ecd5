import { noExplore, truncationSelection, uniform } from "clade";
import { searchSpace } from "../experiment/search-space/search-space.ts";
import type { Strategies } from "./population-based-training.ts";
import { populationWith, trained } from "./population-of.test-support.ts";

const space = searchSpace({ rate: uniform(0, 10) });
export const strategies = (given: Partial<Strategies> = {}): Strategies => ({
  space,
  exploit: truncationSelection(),
  explore: noExplore(),
  exploreEvery: "copy",
  burnInSteps: 0,
  ...given,
});
export const weak = trained(0, {
  score: 1,
  step: 20,
  memberSteps: 20,
  hyperparameters: { rate: 1 },
  samples: [1],
  metrics: { loss: 5 },
});
export const strong = trained(1, {
  score: 9,
  step: 70,
  memberSteps: 30,
  generation: 3,
  hyperparameters: { rate: 4 },
  samples: [9],
  metrics: { loss: 1 },
});
export const population = populationWith([weak, strong]);
