/** What a seed makes of a system: its run, its machines, and what goes wrong. */
import type { Explore } from "../../src/algorithm/explore/explore.ts";
import { type Random, randomStream } from "../../src/algorithm/random.ts";
import {
  binaryTournament,
  defineExperiment,
  type Experiment,
  everySteps,
  maximize,
  perturb,
  truncationSelection,
  uniform,
} from "../../src/core.ts";
import type { Troubles } from "./simulated-trainer.ts";

export interface Plan {
  readonly seed: number;
  readonly experiment: Experiment;
  readonly stepsPerMember: number;
  readonly totalSteps: number | undefined;
  readonly store: "memory" | "sqlite";
  readonly machines: number;
  /**
   * Nothing goes wrong that changes what is decided, so that the run comes out as one in which
   * nothing goes wrong at all.
   */
  readonly comesOutTheSame: boolean;
  readonly troubles: Troubles;
  readonly lostAnswers: number;
  readonly tornCheckpoints: number;
  readonly mishaps: number;
}

export const stepsPerGeneration = 3;

export function planOf(seed: number): Plan {
  const random = randomStream("plan", seed);
  const chance = (probability: number) => random.uniform() < probability;
  const synchronous = chance(0.4);
  const comesOutTheSame = synchronous && chance(0.6);
  const population = 2 + random.integer(4);
  const stepsPerMember = stepsPerGeneration * (2 + random.integer(4));
  const isBoundInAll = !comesOutTheSame && chance(0.25);
  const totalSteps = isBoundInAll ? Math.ceil(0.7 * population * stepsPerMember) : undefined;
  const experiment = defineExperiment({
    name: "simulation",
    population,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("height", chance(0.25) ? { final: "test" } : {}),
    ready: everySteps(stepsPerGeneration),
    exploit: chance(0.5) ? truncationSelection({ fraction: 0.34 }) : binaryTournament(),
    explore: perturb() as Explore,
    exploreEvery: chance(0.2) ? "generation" : "copy",
    budget: { stepsPerMember, ...(totalSteps !== undefined && { totalSteps }) },
    synchronous,
    reevaluate: chance(0.2),
    trainer: () => ({
      step() {},
      evaluate: () => ({ height: 0 }),
      save: () => ({}),
      restore() {},
    }),
  } as never);
  const harmless = (max: number) => (comesOutTheSame ? 0 : often(random, max));
  return {
    seed,
    experiment,
    stepsPerMember,
    totalSteps,
    store: chance(0.2) ? "sqlite" : "memory",
    machines: 1 + random.integer(4),
    comesOutTheSame,
    troubles: {
      failures: often(random, 0.01),
      isKilledOnly: comesOutTheSame,
      failsAbove: chance(0.3) && !comesOutTheSame ? 0.9 : 1,
      unscored: often(random, 0.1),
    },
    lostAnswers: often(random, 0.01),
    tornCheckpoints: harmless(0.05),
    mishaps: random.integer(8),
  };
}

/** Half of the time never, so that faults also come alone. */
function often(random: Random, max: number): number {
  return random.uniform() < 0.5 ? 0 : max * random.uniform();
}
