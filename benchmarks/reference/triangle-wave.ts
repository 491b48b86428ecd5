/**
 * T3: the triangle-wave learning rate (Ray's pbt_function): steps until the first member is done, against selection only and random
 * search, and how far the learning rates were from the optimal ones along the winner's lineage.
 *
 *     npx node benchmarks/reference/triangle-wave.ts [--seeds 120]
 */
import {
  defineExperiment,
  type Experiment,
  everySteps,
  type Hyperparameters,
  integer,
  logUniform,
  maximize,
  noExploit,
  perturb,
  type Random,
  randomStream,
  type SearchSpace,
  type Snapshot,
  truncationSelection,
  uniform,
  withSettings,
} from "clade";
import { table, writeResults } from "../results-file.ts";
import { agreement, criterion, mean, median, quantile } from "./agreement.ts";
import { overSeeds } from "./finished-run.ts";
import { option } from "./option.ts";

const seeds = option("seeds", 120);
const goal = 200;

interface TriangleHyperparameters {
  readonly lr: number;
  /**
   * Names the noise. A trainer is told only hyperparameters and a checkpoint, so a recipient would go on with the donor's noise, and where
   * nothing is explored it would stay its double. Drawn anew with each copy, this gives every member noise of its own.
   */
  readonly noise: number;
}

/** Once it is done nothing changes any more; the steps from there to the end of the generation are counted as idle. */
class TriangleTrainer {
  acc = 0;
  steps = 0;
  idle = 0;
  logErrors = 0;

  step({ lr, noise }: TriangleHyperparameters) {
    if (this.acc > goal) {
      this.idle++;
      return;
    }
    const random = randomStream(noise, this.steps++);
    const optimal = Math.min(Math.max((0.01 * Math.min(this.acc, goal - this.acc)) / 100, 0.001), 0.01);
    const q = Math.max(lr, optimal) / Math.min(lr, optimal);
    if (q < 3) this.acc += random.uniform() / q;
    else if (lr > optimal) this.acc -= (q - 3) * random.uniform();
    this.acc = Math.max(0, this.acc + 2 * random.normal());
    this.logErrors += Math.log(q);
  }

  evaluate() {
    return { acc: this.acc, idle: this.idle, logError: this.logErrors / this.steps };
  }

  save() {
    const { acc, steps, idle, logErrors } = this;
    return { state: { acc, steps, idle, logErrors } };
  }

  restore({ state }: { state: { acc: number; steps: number; idle: number; logErrors: number } }) {
    Object.assign(this, state);
  }
}

type Explore = (h: Hyperparameters, space: SearchSpace, random: Random) => Hyperparameters;

function withFreshNoise(explore: Explore): Explore {
  return (h, space, random) => ({
    ...explore(h, space, random),
    noise: space.hyperparameter("noise").sample(random),
  });
}

const triangle = {
  population: 8,
  hyperparameters: { lr: uniform(1e-4, 0.02), noise: integer(0, 2 ** 31) },
  objective: maximize("acc"),
  ready: everySteps(5),
  exploit: truncationSelection({ fraction: 0.25 }),
  // The reference stops at 1,000 steps.
  budget: { stepsPerMember: 1000, targetScore: goal },
  synchronous: true,
  trainer: TriangleTrainer,
};
/** The reference's factors multiply, and its new draws are uniform: no kind does both, so the new draw is made here. */
const multiply = perturb({ resampleProbability: 0 });
const multiplyOrDraw: Explore = (h, space, random) =>
  random.uniform() < 0.25
    ? { ...h, lr: 1e-4 + (0.02 - 1e-4) * random.uniform() }
    : multiply(h, space, random);

export const searchers: Readonly<Record<string, Experiment>> = {
  PBT: defineExperiment({
    ...triangle,
    name: "pbt",
    initial: { lr: 1e-4 },
    explore: withFreshNoise(perturb()),
  }),
  "selection only": defineExperiment({
    ...triangle,
    name: "selection-only",
    initial: { lr: 1e-4 },
    explore: withFreshNoise((h) => h),
  }),
  "random search": defineExperiment({
    ...triangle,
    name: "random-search",
    // Nobody looks at the others, so generations only cost time.
    ready: everySteps(50),
    exploit: noExploit(),
    budget: { stepsPerMember: 3000, targetScore: goal },
  }),
  "PBT, lr moves by factors alone": defineExperiment({
    ...triangle,
    name: "pbt-factors",
    hyperparameters: { ...triangle.hyperparameters, lr: logUniform(1e-4, 0.02) },
    initial: { lr: 1e-4 },
    explore: withFreshNoise(multiplyOrDraw),
  }),
  "PBT, noise of the donor": defineExperiment({
    ...triangle,
    name: "pbt-donors-noise",
    initial: { lr: 1e-4 },
    explore: (h, space, random) => ({ ...perturb()(h, space, random), noise: h.noise }),
  }),
  "selection only, noise of the donor": defineExperiment({
    ...triangle,
    name: "selection-only-donors-noise",
    initial: { lr: 1e-4 },
    explore: (h) => h,
  }),
};

/** Steps of the first member that is done. Infinite when nobody is. */
function stepsToDone(members: readonly Snapshot[]): number {
  return Math.min(...done(members).map(({ memberSteps, metrics }) => memberSteps - metrics.idle!));
}

function done(members: readonly Snapshot[]): readonly Snapshot[] {
  return members.filter(({ score }) => score !== undefined && score > goal);
}

/** The mean of |log(lr / optimal)| over the winner's lineage; the best member's where nobody is done. */
function logError(members: readonly Snapshot[]): number {
  const steps = stepsToDone(members);
  const winner =
    done(members).find(({ memberSteps, metrics }) => memberSteps - metrics.idle! === steps) ??
    members.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0))[0]!;
  return winner.metrics.logError!;
}

const populations = [2, 4, 8, 16] as const;
const reference = {
  PBT: ["350", "275", "227", "202"],
  "selection only": ["386", "316", "259", "235"],
  "random search": ["13%", "42%", "70%", "92%"],
} as const;

async function rows(
  name: string,
  of: keyof typeof reference,
  { synchronous = true, only = populations as readonly number[], over = seeds } = {},
): Promise<string[][]> {
  const found: string[][] = [];
  for (const [index, population] of populations.entries()) {
    if (!only.includes(population)) continue;
    const experiment = withSettings(searchers[name]!, { population, synchronous });
    const runs = await overSeeds(over, experiment);
    const steps = runs.map(({ members }) => stepsToDone(members));
    const errors = runs.map(({ members }) => logError(members));
    const written = reference[of][index]!;
    const share = steps.map((count) => (Number.isFinite(count) ? 1 : 0));
    const isShare = of === "random search";
    const { ours, verdict } = isShare
      ? agreement(share, mean, { written, seeds: 60, better: "higher" })
      : agreement(steps, median, { written, seeds: 60, better: "lower" });
    found.push([
      name,
      String(population),
      isShare ? `${(100 * ours).toFixed(0)}% done` : shown(ours),
      written,
      verdict,
      [0.05, 0.95].map((at) => shown(quantile(at)(steps))).join(" to "),
      median(errors).toFixed(2),
      `${(100 * mean(runs.map(({ copyShare }) => copyShare))).toFixed(0)}%`,
    ]);
  }
  return found;
}

/** "not done" where the median, or a tail, ran out of steps. */
function shown(steps: number): string {
  return Number.isFinite(steps) ? steps.toFixed(0) : "not done";
}

const header = [
  "searcher",
  "members",
  "Clade, median",
  "reference",
  "agrees",
  "steps, 5% to 95%",
  "abs(log(lr/optimal))",
  "copies",
];

async function compare(): Promise<void> {
  const synchronous = [
    ...(await rows("PBT", "PBT")),
    ...(await rows("selection only", "selection only")),
    ...(await rows("random search", "random search")),
  ];
  const asynchronous = [
    ...(await rows("PBT", "PBT", { synchronous: false })),
    ...(await rows("selection only", "selection only", { synchronous: false })),
  ];
  // Those with the donor's noise take long.
  const few = { only: [2, 8], over: Math.min(seeds, 60) };
  const choices = [
    ...(await rows("PBT, lr moves by factors alone", "PBT")),
    ...(await rows("PBT, noise of the donor", "PBT", few)),
    ...(await rows("selection only, noise of the donor", "selection only", few)),
  ];
  writeResults(
    "reference/triangle-wave",
    `T3, triangle-wave learning rate: steps to done over ${seeds} seeds`,
    [
      "A generation of 5 steps, truncation selection of one quarter, at most 1,000 steps (random search: 3,000; its column is the share " +
        "of runs that got done). The column abs(log(lr/optimal)) is the median over seeds of the mean of abs(log(lr / optimal)) along the " +
        `winner's lineage. ${criterion}`,
      `## Synchronous\n\n${table(header, synchronous)}`,
      `## Asynchronous, one worker\n\n${table(header, asynchronous)}`,
      `## Other choices, synchronous\n\n${table(header, choices)}`,
      `## What the choices say

- Synchronous reproduces the reference, with factors that multiply alone as well as with Clade's rule for a uniform hyperparameter
  (a move is never smaller than the factor makes at a tenth of the range).
- Asynchronously on one worker it is another searcher: a member is compared with scores of which many are a generation old, so selection is
  weaker (the last column: copies to each generation, where one quarter would be full strength). Compare it with asynchronous controls only.
- Recipients need noise of their own. One that goes on with the donor's noise and the donor's lr is its double for ever: selection alone
  then has nothing left to select (its two rows are over ${few.over} seeds), and PBT with 8 members is slower than with 2 that have their own.
- Steps alone show little: most of what PBT gains over random search, selection only gains too. The distance of lr from the optimum
  along the winner's lineage tells them apart.`,
    ],
  );
}

if (import.meta.main) await compare();
