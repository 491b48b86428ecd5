/**
 * What runs prove about each other. For each variant: the interquartile mean of its final scores
 * over its seeds. For each beside its baseline: the difference, the probability of improvement and
 * a verdict. Pure: the same runs give the same numbers, to the last digit.
 *
 * Every interval is of 95%, except `difference.simultaneous`, on which verdicts rest. With k
 * comparisons each of those is of 1 - 0.05 / k, so all k hold at once in at least 95% of studies
 * (Dunn 1961, "Multiple Comparisons Among Means"). Holm's steps would reject slightly more, but
 * give no intervals, and a verdict should never contradict the interval beside it.
 */
import { mean, median } from "simple-statistics";
import type { Direction } from "../../algorithm/population.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { randomStream } from "../../algorithm/random.ts";
import type { History } from "../history.ts";
import { baselinesOf } from "./baseline.ts";
import { bestBy } from "./best-model.ts";
import { type Interval, replicatesOf, stretchedInterval } from "./bootstrap.ts";
import { type Curve, curveOf, medianReached } from "./curve.ts";
import { differenceInterval, type Estimate, type Pair, pairedInterval } from "./difference.ts";
import { interquartileMean } from "./interquartile-mean.ts";
import { type Improvement, probabilityOfImprovement } from "./probability-of-improvement.ts";
import { requireComparable } from "./require-comparable.ts";
import { type LeftOut, type ScoredRun, usableRuns } from "./usable-runs.ts";
import { type Variant, variantsOf } from "./variants.ts";
import { budgetTolerance, type Verdict, verdictOf, verdictSentence } from "./verdict.ts";

export interface CompareOptions {
  /**
   * A metric of the best models to compare by. Default: the objective's held-out metric, or its
   * score.
   */
  readonly metric?: string;
  /** A method or a variant. */
  readonly baseline?: string;
  /** The user confirms that all these runs train and are scored on the same data. */
  readonly sameData?: boolean;
}

/** What runs prove about each other: what `compareRuns` returns. */
export interface Comparison {
  /** The compared metric. Its direction is the objective's. */
  readonly metric: string;
  readonly direction: Direction;
  /** Whether this metric also chose the best models, so that it is slightly too good. */
  readonly isChoice: boolean;
  /** The metric that steered selection, used in the curves and in `reached`. */
  readonly steering: string;
  /** In the order of their first runs. Only those with a run that counts. */
  readonly variants: readonly ComparedVariant[];
  /** The number of comparisons for which verdicts are corrected. */
  readonly comparisons: number;
  readonly leftOut: readonly LeftOut[];
}

export interface ComparedVariant extends Pick<Variant, "name" | "method" | "point"> {
  readonly runs: readonly ComparedRun[];
  /** Of the final scores. */
  readonly iqm: number;
  /** Absent with one seed. */
  readonly interval?: Interval;
  /** Mean over the seeds of the training steps of all members together. */
  readonly totalSteps: number;
  /** Median over the seeds that were not stopped in between. Absent when all were. */
  readonly seconds?: number;
  /** The best score so far. Absent where seeds do not overlap. */
  readonly curves: { readonly steps?: Curve; readonly seconds?: Curve };
  /** Absent for a baseline, and for a variant without one. */
  readonly against?: Against;
}

interface ComparedRun extends Omit<ScoredRun, "progress" | "draws"> {
  /**
   * From its creation to its last snapshot. Absent for a run that was stopped in between, which
   * has no honest wall time.
   */
  readonly seconds?: number;
  /**
   * It trained much less or more than its variant's median run, so the two are not seeds of one
   * experiment.
   */
  readonly hasOtherBudget: boolean;
}

export interface Against {
  /** The name of a variant. */
  readonly baseline: string;
  /**
   * Of the interquartile means: the variant's minus the baseline's. The intervals are absent when
   * either has one seed. Runs are paired where both have the same seeds, and each two of a seed
   * began with the same draws of hyperparameters: how lucky these were then cancels out.
   */
  readonly difference: {
    readonly value: number;
    readonly isPaired: boolean;
    readonly interval?: Interval;
    readonly simultaneous?: Interval;
  };
  /** How likely a run of the variant does better than one of the baseline. */
  readonly improvement: Improvement;
  /**
   * Total steps and seconds until the median run had reached the interquartile mean of the
   * baseline's best scores. Absent where it never did.
   */
  readonly reached: { readonly steps?: number; readonly seconds?: number };
  readonly verdict: Verdict;
  /** The verdict in words. */
  readonly sentence: string;
}

interface Scored extends Variant, Estimate {
  readonly runs: readonly ScoredRun[];
}

/**
 * Compares at least one run. Throws a `BadInputError` when nothing is left to compare, when
 * objectives or trainers differ, when a name is unknown, and when every variant trained for
 * another number of steps than its baseline.
 */
export function compareRuns(
  histories: readonly History[],
  options: CompareOptions = {},
): Comparison {
  requireComparable(
    histories.map(({ run }) => run),
    options.sameData ?? false,
  );
  const { objective } = histories[0]!.run.experiment;
  const by = bestBy(objective, options.metric, histories);
  const used = variantsOf(histories).map((variant) => ({
    ...variant,
    ...usableRuns(variant, by),
  }));
  const leftOut = used.flatMap((variant) => variant.leftOut);
  const scored = used.filter(({ runs }) => runs.length > 0).map(estimated);
  if (scored.length === 0) throw nothingLeft(leftOut);

  const baselines = baselinesOf(scored, options.baseline);
  const comparisons = baselines.size;
  const variants = scored.map((variant) => {
    const baseline = baselines.get(variant);
    const against = baseline && comparedWith(baseline, variant, objective.direction, comparisons);
    return { ...describe(variant), ...(against && { against }) };
  });
  requireEqualBudgets(variants);
  const { direction, metric: steering } = objective;
  return { ...by, direction, steering, variants, comparisons, leftOut };
}

/**
 * Random streams are named by the runs. So a variant's interval does not depend on its comparison,
 * and no two variants share a stream.
 */
function estimated<V extends Variant & { readonly runs: readonly ScoredRun[] }>(
  variant: V,
): V & Estimate {
  const scores = variant.runs.map(({ score }) => score);
  const replicates = replicatesOf(
    scores,
    randomStream("bootstrap", ...variant.runs.map(({ run }) => run)),
  );
  return { ...variant, iqm: interquartileMean(scores), seeds: scores.length, replicates };
}

function describe(variant: Scored): Omit<ComparedVariant, "against"> {
  const { name, method, point, runs, iqm, replicates, seeds } = variant;
  const medianSteps = median(runs.map(({ totalSteps }) => totalSteps));
  const progress = runs.map((run) => run.progress);
  const times = progress.flatMap(({ seconds }) => seconds?.at(-1) ?? []);
  const steps = curveOf(progress, "steps");
  const seconds = curveOf(progress, "seconds");
  return {
    name,
    method,
    point,
    runs: runs.map(({ progress: { seconds }, draws, ...run }) => ({
      ...run,
      ...(seconds && { seconds: seconds.at(-1)! }),
      hasOtherBudget: Math.abs(run.totalSteps - medianSteps) > budgetTolerance * medianSteps,
    })),
    iqm,
    ...(seeds > 1 && { interval: stretchedInterval(iqm, replicates, seeds - 1, 0.95) }),
    totalSteps: meanSteps(variant),
    ...(times.length > 0 && { seconds: median(times) }),
    curves: { ...(steps && { steps }), ...(seconds && { seconds }) },
  };
}

function comparedWith(
  baseline: Scored,
  variant: Scored,
  direction: Direction,
  comparisons: number,
): Against {
  const value = variant.iqm - baseline.iqm;
  const pairs = pairsOf(variant, baseline);
  const intervalOf = (level: number) => {
    if (Math.min(variant.seeds, baseline.seeds) === 1) return undefined;
    if (!pairs) return differenceInterval(variant, baseline, level);
    const ids = [variant, baseline].flatMap(({ runs }) => runs.map(({ run }) => run));
    return pairedInterval(value, pairs, randomStream("bootstrap", ...ids), level);
  };
  const interval = intervalOf(0.95);
  const simultaneous = intervalOf(1 - 0.05 / comparisons);
  const verdict = verdictOf(simultaneous, direction, meanSteps(variant), meanSteps(baseline));
  const scores = ({ runs }: Scored) => runs.map(({ score }) => score);
  return {
    baseline: baseline.name,
    difference: {
      value,
      isPaired: pairs !== undefined,
      ...(interval && { interval }),
      ...(simultaneous && { simultaneous }),
    },
    improvement: probabilityOfImprovement(scores(variant), scores(baseline), direction),
    reached: reached(variant, baseline, direction),
    verdict,
    sentence: verdictSentence(verdict, value, simultaneous, {
      seeds: variant.seeds,
      baselineSeeds: baseline.seeds,
      isPaired: pairs !== undefined,
    }),
  };
}

/** The scores of each seed; undefined where seeds or first draws differ. */
function pairsOf(variant: Scored, baseline: Scored): readonly Pair[] | undefined {
  if (variant.seeds !== baseline.seeds) return undefined;
  const pairs = variant.runs.flatMap(({ seed, draws, score }): Pair[] => {
    const same = baseline.runs.find((run) => run.seed === seed && run.draws === draws);
    return same ? [[score, same.score]] : [];
  });
  return pairs.length === variant.seeds ? pairs : undefined;
}

function reached(variant: Scored, baseline: Scored, direction: Direction): Against["reached"] {
  const target = interquartileMean(baseline.runs.map(({ progress }) => progress.best.at(-1)!));
  const progress = variant.runs.map((run) => run.progress);
  const steps = medianReached(progress, "steps", target, direction);
  const seconds = medianReached(progress, "seconds", target, direction);
  return { ...(steps !== undefined && { steps }), ...(seconds !== undefined && { seconds }) };
}

function meanSteps({ runs }: Scored): number {
  return mean(runs.map(({ totalSteps }) => totalSteps));
}

function nothingLeft(leftOut: readonly LeftOut[]): BadInputError {
  const value = leftOut.map(({ run, reason }) => `${run} ${reason}`).join(", ");
  const rule = "no run is left to compare";
  return new BadInputError([
    { path: "", value, rule, remedy: "name runs that have ended with a score" },
  ]);
}

function requireEqualBudgets(variants: readonly ComparedVariant[]): void {
  const compared = variants.filter(({ against }) => against);
  const unequal = compared.filter(({ against }) => against!.verdict.kind === "unequal budgets");
  if (compared.length === 0 || unequal.length < compared.length) return;
  const remedy = "give both the same budget, or compare with another --baseline";
  throw new BadInputError(
    unequal.map(({ name, against }) => ({
      path: "",
      value: `${name} beside ${against!.baseline}`,
      rule: against!.sentence,
      remedy,
    })),
  );
}
