/** The data from which every figure of a run is drawn. */
import type { HyperparameterValue, Snapshot, TreeSnapshot } from "../algorithm/snapshot.ts";
import { ancestorsOf, type Branch, branchesOf } from "../analysis/branches.ts";
import { earnedScore } from "../analysis/curves.ts";
import { quantile, type TrainedStretch, trainedStretches } from "../analysis/distribution.ts";
import type { RunHistory } from "../analysis/run-history.ts";
import { scaleOfValues } from "../analysis/scale-of-values.ts";
import { type GroupOf, groupsOf } from "../experiment/groups.ts";
import type { Scale } from "../experiment/search-space/scale.ts";
import { type Domain, domainOf } from "./axes.ts";

export interface RunData {
  readonly history: RunHistory;
  readonly branches: readonly Branch<TreeSnapshot>[];
  /** The number of trained snapshots, and the highest generation among them. */
  readonly trained: number;
  readonly lastGeneration: number;
  readonly stretches: readonly TrainedStretch[];
  /** From the root to the best model; empty when there is none. */
  readonly bestLineage: readonly TreeSnapshot[];
  /** The hyperparameters that any trained snapshot has. */
  readonly hyperparameters: readonly Hyperparameter[];
  readonly scores: Scores | undefined;
  /** The highest number of steps that any weights have seen. */
  readonly lastStep: number;
  readonly groupOf: GroupOf;
}

interface Hyperparameter {
  readonly name: string;
  readonly scale: Scale;
  /** Each at least once; all together in the stretches. */
  readonly values: readonly HyperparameterValue[];
}

interface Scores {
  /**
   * The range in which scores are drawn. A few scores beyond it would hide the others, so they are
   * drawn at its edge.
   */
  readonly domain: Domain;
  readonly beyond: number;
  /** "accuracy (higher is better)". */
  readonly label: string;
  /**
   * Colours distinguish scores from this one, which a fifth of all do not reach, up to the best.
   */
  readonly worstColored: number;
  readonly best: number;
  /** From 0, for the worst coloured score and all below it, to 1 for the best. */
  goodness(score: number): number;
}

/** `best` is the run's best model, where there is one. */
export function runData(history: RunHistory, best: Snapshot | undefined): RunData {
  const { snapshots } = history;
  const settings = new Set<TreeSnapshot["hyperparameters"]>();
  let [trained, lastGeneration, lastStep] = [0, 0, 0];
  for (const { kind, generation, step, hyperparameters } of snapshots) {
    if (kind !== "trained") continue;
    trained++;
    lastGeneration = Math.max(lastGeneration, generation);
    lastStep = Math.max(lastStep, step);
    settings.add(hyperparameters);
  }
  const names = new Set(Object.keys(history.run.experiment.hyperparameters));
  for (const hyperparameters of settings) for (const name in hyperparameters) names.add(name);
  return {
    history,
    branches: branchesOf(snapshots),
    trained,
    lastGeneration,
    stretches: trainedStretches(snapshots),
    bestLineage: best ? ancestorsOf(best.id, snapshots) : [],
    hyperparameters: [...names].flatMap((name) => {
      const values: HyperparameterValue[] = [];
      for (const { [name]: value } of settings) if (value !== undefined) values.push(value);
      return values.length === 0
        ? []
        : [{ name, scale: scaleOfValues(name, values, history.run.experiment), values }];
    }),
    scores: scoresOf(history, best),
    lastStep,
    groupOf: groupsOf(history.run.experiment),
  };
}

/**
 * Beyond this the width of a frame would overflow. Of diverged scores a figure shows only that
 * they exist.
 */
const furthest = 1e300;

function drawable(score: number): number {
  return Math.min(furthest, Math.max(-furthest, score));
}

function scoresOf({ snapshots, run }: RunHistory, best: Snapshot | undefined): Scores | undefined {
  const given = new Float64Array(snapshots.length);
  let count = 0;
  for (const snapshot of snapshots) {
    const score = earnedScore(snapshot);
    if (score !== undefined) given[count++] = drawable(score);
  }
  const values = given.subarray(0, count).sort();
  if (values.length === 0) return undefined;
  const { direction, metric } = run.experiment.objective;
  const [lowest, highest] = frameOf(values);
  const reached = drawable(best?.score ?? values[0]!);
  const isShown = (value: number) => (value >= lowest && value <= highest) || value === reached;
  const [low, high] = [values.find(isShown)!, values.findLast(isShown)!];
  const shown = values.reduce((sum, value) => sum + Number(isShown(value)), 0);
  const isHigher = direction === "maximize";
  const worstColored = quantile(values, isHigher ? 0.2 : 0.8);
  const bestShown = isHigher ? high : low;
  return {
    domain: domainOf([low, high], "linear"),
    beyond: values.length - shown,
    label: `${metric} (${isHigher ? "higher" : "lower"} is better)`,
    worstColored,
    best: bestShown,
    goodness: (earned) => {
      const score = drawable(earned);
      return worstColored === bestShown
        ? Number(isHigher ? score >= bestShown : score <= bestShown)
        : Math.min(1, Math.max(0, (score - worstColored) / (bestShown - worstColored)));
    },
  };
}

/**
 * The frame for scores. A few diverging members, or a first generation far off, would hide all
 * others. So the frame extends beyond the middle 96 % of the scores by their width. If that is
 * more than a hundred times the width of the middle half, it extends beyond the middle half by ten
 * times its width instead.
 */
function frameOf(sorted: Float64Array): Domain {
  const around = (tail: number, reach: number): Domain => {
    const [low, high] = [quantile(sorted, tail), quantile(sorted, 1 - tail)];
    if (low === high) return [sorted[0]!, sorted.at(-1)!];
    return [low - reach * (high - low), high + reach * (high - low)];
  };
  const frame = around(0.02, 1);
  const half = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  const width = Math.min(frame[1], sorted.at(-1)!) - Math.max(frame[0], sorted[0]!);
  return half > 0 && width > 100 * half ? around(0.25, 10) : frame;
}
