/**
 * Do the intervals of comparisons hold with the few seeds that people have? Thousands of studies
 * are simulated whose truth is known. The plain percentile bootstrap, Hesterberg's expanded
 * percentiles and Student's t with the bootstrap's standard error stand beside the interval that
 * Clade gives, on the same resamples.
 */
import { quantileSorted, sampleStandardDeviation } from "simple-statistics";
import { type Random, randomStream } from "../src/algorithm/random.ts";
import { twoSidedP } from "../src/algorithm/statistics/student-t.ts";
import {
  type Interval,
  replicatesOf,
  stretchedInterval,
} from "../src/analysis/comparison/bootstrap.ts";
import {
  differenceInterval,
  type Estimate,
  type Pair,
  pairedInterval,
} from "../src/analysis/comparison/difference.ts";
import { interquartileMean } from "../src/analysis/comparison/interquartile-mean.ts";
import { probabilityOfImprovement } from "../src/analysis/comparison/probability-of-improvement.ts";
import { studentTQuantile } from "../src/analysis/comparison/student-t-quantile.ts";
import { table, writeResults } from "./results-file.ts";

interface Scores {
  readonly name: string;
  readonly draw: (random: Random) => number;
  /**
   * The mean of the distribution's middle half: twice the integral of its quantile function from
   * 1/4 to 3/4.
   */
  readonly iqm: number;
}

const chiSquared3 = (random: Random) =>
  random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;
const normal: Scores = { name: "normal", draw: (random) => random.normal(), iqm: 0 };
const distributions: readonly Scores[] = [
  normal,
  {
    name: "log-normal, sigma 1",
    draw: (random) => Math.exp(random.normal()),
    iqm: 1.0729227432534363,
  },
  {
    name: "beta(20, 1), near its ceiling",
    draw: (random) => random.uniform() ** (1 / 20),
    iqm: (40 / 21) * (0.75 ** (21 / 20) - 0.25 ** (21 / 20)),
  },
  {
    name: "Student's t, 3 degrees",
    draw: (random) => random.normal() / Math.sqrt(chiSquared3(random) / 3),
    iqm: 0,
  },
];
const seedCounts = [3, 5, 10, 20];
const studies = 4_000;
const studiesOfDifferences = 1_000;
const comparisons = 7;
/**
 * A fifth of what Clade takes, for the speed: the bounds are known less exactly, and hold as
 * often.
 */
const resamples = 2_000;

const drawn = (scores: Scores, seeds: number, random: Random) =>
  Array.from({ length: seeds }, () => scores.draw(random));

function estimate(values: readonly number[], ...key: readonly (number | string)[]): Estimate {
  const replicates = replicatesOf(values, randomStream(...key), resamples);
  return { iqm: interquartileMean(values), seeds: values.length, replicates };
}

/** P(Z < z) of the standard normal: Student's t of many degrees of freedom. */
const normalBelow = (z: number) => (z < 0 ? twoSidedP(z, 1e9) / 2 : 1 - twoSidedP(z, 1e9) / 2);

const methods: { readonly [name: string]: (estimate: Estimate) => Interval } = {
  Clade: ({ iqm, replicates, seeds }) => stretchedInterval(iqm, replicates, seeds - 1, 0.95),
  "plain percentile": (each) => percentiles(each, 0.025),
  "expanded percentile": (each) =>
    percentiles(
      each,
      normalBelow(
        -Math.sqrt(each.seeds / (each.seeds - 1)) * studentTQuantile(0.95, each.seeds - 1),
      ),
    ),
  "t, bootstrap error": ({ iqm, replicates, seeds }) => {
    const error =
      studentTQuantile(0.95, seeds - 1) * sampleStandardDeviation(Array.from(replicates));
    return { low: iqm - error, high: iqm + error };
  },
};

function percentiles({ replicates }: Estimate, tail: number): Interval {
  const sorted = Array.from(replicates.toSorted());
  return { low: quantileSorted(sorted, tail), high: quantileSorted(sorted, 1 - tail) };
}

const contains = ({ low, high }: Interval, value: number) => low <= value && value <= high;
const percent = (count: number, of: number) => `${((100 * count) / of).toFixed(1)}%`;

const coverage: string[][] = [];
let outside = 0;
for (const scores of distributions) {
  for (const seeds of seedCounts) {
    const hits = Object.keys(methods).map(() => 0);
    const widths = Object.keys(methods).map(() => 0);
    const random = randomStream("scores", scores.name, seeds);
    for (let study = 0; study < studies; study++) {
      const each = estimate(drawn(scores, seeds, random), "study", scores.name, seeds, study);
      Object.values(methods).forEach((method, index) => {
        const interval = method(each);
        if (contains(interval, scores.iqm)) hits[index]!++;
        widths[index]! += interval.high - interval.low;
      });
    }
    if (seeds >= 5 && (hits[0]! < 0.93 * studies || hits[0]! > 0.97 * studies)) outside++;
    coverage.push([
      scores.name,
      String(seeds),
      ...hits.map(
        (hit, index) => `${percent(hit, studies)} (${(widths[index]! / widths[0]!).toFixed(2)})`,
      ),
    ]);
  }
}

/**
 * [seeds of the variant, of the baseline, by how many standard deviations the variant is better,
 * how much wider it spreads].
 */
const pairs = [
  [5, 5, 0, 1],
  [10, 10, 0, 1],
  [20, 20, 0, 1],
  [5, 20, 0, 1],
  [5, 5, 0, 3],
  [5, 20, 0, 3],
  [5, 5, 2, 1],
  [10, 10, 1, 1],
  [20, 20, 1, 1],
] as const;
const differences: string[][] = [];
for (const scores of distributions) {
  const { iqm } = scores;
  const reference = drawn(scores, 200_000, randomStream("reference", scores.name)).sort(
    (a, b) => a - b,
  );
  const deviation = (quantileSorted(reference, 0.75) - quantileSorted(reference, 0.25)) / 1.349;
  for (const [seeds, baselineSeeds, better, spread] of pairs) {
    const random = randomStream("pairs", scores.name, seeds, baselineSeeds, better, spread);
    const moved = (value: number) => iqm + better * deviation + spread * (value - iqm);
    let [held, heldImprovement, shown] = [0, 0, 0];
    const truth = probabilityTrue(reference, moved);
    for (let study = 0; study < studiesOfDifferences; study++) {
      const first = drawn(scores, seeds, random).map(moved);
      const second = drawn(scores, baselineSeeds, random);
      const key = [scores.name, seeds, baselineSeeds, better, spread, study];
      const interval = differenceInterval(
        estimate(first, "first", ...key),
        estimate(second, "second", ...key),
        0.95,
      );
      if (contains(interval, better * deviation)) held++;
      if (!contains(interval, 0)) shown++;
      if (contains(probabilityOfImprovement(first, second, "maximize").interval, truth))
        heldImprovement++;
    }
    differences.push([
      scores.name,
      seeds === baselineSeeds ? String(seeds) : `${seeds} and ${baselineSeeds}`,
      spread === 1 ? "same" : `${spread} times`,
      String(better),
      ...[held, heldImprovement, shown].map((hit) => percent(hit, studiesOfDifferences)),
    ]);
  }
}

/** [seeds, how much of the scores' normal variance is a seed's luck, better by]. */
const pairings = [
  [5, 0, 0],
  [10, 0, 0],
  [20, 0, 0],
  [5, 0.8, 0],
  [10, 0.8, 0],
  [20, 0.8, 0],
  [5, 0.8, 1],
  [10, 0.8, 1],
] as const;
/** As functions of a normal number, so that two can share a part of it. */
const shapes: readonly (readonly [name: string, of: (z: number) => number])[] = [
  ["normal", (z) => z],
  ["log-normal, sigma 1", (z) => Math.exp(z)],
  ["beta(20, 1), near its ceiling", (z) => normalBelow(z) ** (1 / 20)],
  ["heavy tails, sinh(1.2 z)", (z) => Math.sinh(1.2 * z)],
];
const paired: string[][] = [];
for (const [name, of] of shapes) {
  const deviation = (of(0.6745) - of(-0.6745)) / 1.349;
  for (const [seeds, luck, better] of pairings) {
    const random = randomStream("paired", name, seeds, luck, better);
    let [held, shown, shownUnpaired] = [0, 0, 0];
    for (let study = 0; study < studiesOfDifferences; study++) {
      const pairs = Array.from({ length: seeds }, (): Pair => {
        const shared = Math.sqrt(luck) * random.normal();
        const own = () => of(shared + Math.sqrt(1 - luck) * random.normal());
        return [own() + better * deviation, own()];
      });
      const [first, second] = [0, 1].map((side) =>
        estimate(
          pairs.map((pair) => pair[side]!),
          ...["paired", name, seeds, luck, better, study, side],
        ),
      ) as [Estimate, Estimate];
      const value = first.iqm - second.iqm;
      const interval = pairedInterval(value, pairs, random, 0.95, resamples);
      if (contains(interval, better * deviation)) held++;
      if (!contains(interval, 0)) shown++;
      if (!contains(differenceInterval(first, second, 0.95), 0)) shownUnpaired++;
    }
    paired.push([
      name,
      String(seeds),
      percent(luck, 1),
      String(better),
      ...[held, shown, shownUnpaired].map((hits) => percent(hits, studiesOfDifferences)),
    ]);
  }
}

/** P(moved(X) > Y), both from the sample, by merging. */
function probabilityTrue(sorted: readonly number[], moved: (value: number) => number): number {
  let below = 0;
  let pairsWon = 0;
  for (const value of sorted) {
    const own = moved(value);
    while (below < sorted.length && sorted[below]! < own) below++;
    pairsWon += below;
  }
  return pairsWon / sorted.length ** 2;
}

const families: string[][] = [];
for (const scores of distributions) {
  for (const seeds of [5, 10, 20]) {
    let [corrected, uncorrected] = [0, 0];
    for (let study = 0; study < studiesOfDifferences; study++) {
      const random = randomStream("family", scores.name, seeds, study);
      const [baseline, ...variants] = Array.from({ length: comparisons + 1 }, (_, variant) =>
        estimate(drawn(scores, seeds, random), "variant", scores.name, seeds, study, variant),
      );
      const anyFalse = (level: number) =>
        variants.some((variant) => !contains(differenceInterval(variant, baseline!, level), 0));
      if (anyFalse(1 - 0.05 / comparisons)) corrected++;
      if (anyFalse(0.95)) uncorrected++;
    }
    families.push([
      scores.name,
      String(seeds),
      percent(corrected, studiesOfDifferences),
      percent(uncorrected, studiesOfDifferences),
    ]);
  }
}

const count = (value: number) => value.toLocaleString("en-US");
writeResults("bootstrap-coverage", "How often 95% intervals hold", [
  `${count(studies)} simulated studies a row with ${count(resamples)} resamples each, so a ` +
    "share is known to about 0.35 points. In brackets the mean width beside Clade's. Bound: " +
    "93% to 97% with 5, 10 and 20 seeds; " +
    `${outside === 0 ? "every row keeps it" : `${outside} rows are outside`}.`,
  table(["scores", "seeds", ...Object.keys(methods)], coverage),
  "Differences of two variants, and the probability of improvement, over " +
    `${count(studiesOfDifferences)} studies a row (known to about 0.7 points). "Shown" is how ` +
    "often the interval of the difference leaves out 0: false where the variants have the " +
    "same interquartile mean, and the power of a study where they do not. The standard " +
    "deviation is that of a normal distribution with the same quartiles.",
  table(
    [
      "scores",
      "seeds",
      "spread of the variant",
      "better by, in standard deviations",
      "difference holds",
      "probability holds",
      "difference shown",
    ],
    differences,
  ),
  "Seeds in pairs: both runs of a seed share a part of its luck. With a luck of 0% pairing " +
    `gains nothing, and has to hold all the same (${count(studiesOfDifferences)} studies a row).`,
  table(
    [
      "scores",
      "seeds",
      "luck that is shared",
      "better by, in standard deviations",
      "difference holds",
      "difference shown",
      "shown without pairing",
    ],
    paired,
  ),
  `${comparisons} variants that are all equal to their baseline: how often at least one is ` +
    `called better or worse (${count(studiesOfDifferences)} studies a row; promised: at most ` +
    "5%).",
  table(["scores", "seeds", "any false verdict", "the same without the correction"], families),
]);
