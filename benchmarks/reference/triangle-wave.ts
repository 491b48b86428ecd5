/**
 * T3: the triangle-wave learning rate (Ray's pbt_function): steps until the first member is done,
 * against selection only and random search, and how far the learning rates were from the optimal
 * ones along the winner's lineage.
 *
 *     npx node benchmarks/reference/triangle-wave.ts [--seeds 120]
 */
import { setImmediate } from "node:timers/promises";
import {
  defineExperiment,
  type Experiment,
  everySteps,
  logUniform,
  maximize,
  noExploit,
  noExplore,
  perturb,
  type Random,
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
import { goal, type Progress, TriangleTrainer } from "./triangle-trainer.ts";

const seeds = option("seeds", 120);

/** Goes on with the noise of the member that it has copied. */
class DonorsNoiseTrainer extends TriangleTrainer {
  override save() {
    return { ...super.save(), seed: this.seed };
  }

  override restore({ progress, seed }: { progress: Progress; seed: number }) {
    super.restore({ progress }, { seed });
  }
}

/**
 * The workers of a process take turns where trainers wait. This one waits once a generation, so
 * that they advance at the same pace.
 */
class TurnTakingTrainer extends TriangleTrainer {
  override async evaluate() {
    await setImmediate();
    return super.evaluate();
  }
}

const triangle = {
  population: 8,
  hyperparameters: { lr: uniform(1e-4, 0.02) },
  objective: maximize("acc"),
  ready: everySteps(5),
  exploit: truncationSelection({ fraction: 0.25 }),
  // The reference stops at 1,000 steps.
  budget: { stepsPerMember: 1000, targetScore: goal },
  synchronous: true,
  trainer: TriangleTrainer,
};
const pbt = { ...triangle, name: "pbt", initial: { lr: 1e-4 } };
const selectionOnly = { ...pbt, name: "selection-only", explore: noExplore() };

/**
 * The reference's factors multiply, and its new draws are uniform: no kind does both, so the new
 * draw is made here.
 */
const multiply = perturb({ resampleProbability: 0 });
function multiplyOrDraw(
  h: { lr: number },
  space: SearchSpace,
  random: Random,
  weights: { readonly step: number },
) {
  return random.uniform() < 0.25
    ? { lr: triangle.hyperparameters.lr.sample(random) }
    : multiply(h, space, random, weights);
}

export const searchers: Readonly<Record<string, Experiment>> = {
  PBT: defineExperiment(pbt),
  "selection only": defineExperiment(selectionOnly),
  "random search": defineExperiment({
    ...triangle,
    name: "random-search",
    // Nobody looks at the others, so generations only cost time.
    ready: everySteps(50),
    exploit: noExploit(),
    budget: { stepsPerMember: 3000, targetScore: goal },
  }),
  "PBT, lr moves by factors alone": defineExperiment({
    ...pbt,
    hyperparameters: { lr: logUniform(1e-4, 0.02) },
    explore: multiplyOrDraw,
  }),
  "PBT, workers in turn": defineExperiment({ ...pbt, trainer: TurnTakingTrainer }),
  "selection only, workers in turn": defineExperiment({
    ...selectionOnly,
    trainer: TurnTakingTrainer,
  }),
  "PBT, noise of the donor": defineExperiment({ ...pbt, trainer: DonorsNoiseTrainer }),
  "selection only, noise of the donor": defineExperiment({
    ...selectionOnly,
    trainer: DonorsNoiseTrainer,
  }),
};

/** Steps of the first member that is done. Infinite if none is. */
function stepsToDone(members: readonly Snapshot[]): number {
  return Math.min(...done(members).map(({ memberSteps, metrics }) => memberSteps - metrics.idle!));
}

function done(members: readonly Snapshot[]): readonly Snapshot[] {
  return members.filter(({ score }) => score !== undefined && score > goal);
}

/**
 * The mean of |log(lr / optimal)| over the winner's lineage; the best member's if none is
 * done.
 */
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
  { synchronous = true, only = populations as readonly number[], workers = 1 } = {},
): Promise<string[][]> {
  const found: string[][] = [];
  for (const [index, population] of populations.entries()) {
    if (!only.includes(population)) continue;
    const experiment = withSettings(searchers[name]!, { population, synchronous });
    const runs = await overSeeds(seeds, experiment, workers);
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
      String(workers),
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
  "workers",
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
  const several: string[][] = [];
  for (const searcher of ["PBT", "selection only"] as const) {
    for (const workers of [1, 2, 4, 8, 16]) {
      const choice = { synchronous: false, only: [16], workers };
      several.push(...(await rows(`${searcher}, workers in turn`, searcher, choice)));
    }
  }
  const two = { only: [2, 8] };
  const choices = [
    ...(await rows("PBT, lr moves by factors alone", "PBT")),
    ...(await rows("PBT, noise of the donor", "PBT", two)),
    ...(await rows("selection only, noise of the donor", "selection only", two)),
  ];
  writeResults(
    "reference/triangle-wave",
    `T3, triangle-wave learning rate: steps to done over ${seeds} seeds`,
    [
      "A generation of 5 steps, truncation selection of one quarter, at most 1,000 steps " +
        "(random search: 3,000; its column is the share of runs that got done). The column " +
        "abs(log(lr/optimal)) is the median over seeds of the mean of abs(log(lr / optimal)) " +
        "along the winner's lineage; the column of copies is their number to each generation, " +
        "where one quarter (of 2 members: one half) is full strength. " +
        criterion,
      `## Synchronous\n\n${table(header, synchronous)}`,
      `## Asynchronous, one worker\n\n${table(header, asynchronous)}`,
      `## Asynchronous, several workers at the same pace\n\n${table(header, several)}`,
      `## Other choices, synchronous\n\n${table(header, choices)}`,
      `## What the choices say

- Synchronous reproduces the reference, with factors that multiply alone as well as with Clade's
  rule for a uniform hyperparameter (a move is never smaller than the factor makes at a tenth of
  the range).
- Asynchronously with one worker every decision is the synchronous one: the worker goes on with the
  least advanced member, so whenever it decides, all members have published that generation. Only
  the end differs: the run stops at the first member that is done, without waiting for one that is
  done earlier in the same generation.
- Each further worker hides one member's newest generation from a decision. With as many workers as
  members the scores that a member is compared with are mostly a generation old, and selection is
  weaker (the column of copies).
- Recipients need noise of their own, as the seed of restore's context gives them. One that goes on
  with the donor's noise and the donor's lr is its double forever: selection alone then has
  nothing left to select, and PBT with 8 members is slower than with 2 that have their own.
- Steps alone show little: most of what PBT gains over random search, selection only gains too. The
  distance of lr from the optimum along the winner's lineage tells them apart.`,
    ],
  );
}

if (import.meta.main) await compare();
