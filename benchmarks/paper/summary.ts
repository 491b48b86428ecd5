/**
 * What the studies of a field say together: each seed's mean over the tasks, beside random search,
 * and how often training diverged.
 */
import { mean } from "simple-statistics";
import { randomStream } from "../../src/algorithm/random.ts";
import {
  type Interval,
  replicatesOf,
  stretchedInterval,
} from "../../src/analysis/comparison/bootstrap.ts";
import type { Comparison } from "../../src/analysis/comparison/compare.ts";
import { interquartileMean } from "../../src/analysis/comparison/interquartile-mean.ts";
import type { History } from "../../src/analysis/history.ts";

export interface Summary {
  readonly variant: string;
  /** By seed, the mean over the tasks. */
  readonly values: ReadonlyMap<number, number>;
  readonly iqm: number;
  readonly interval: Interval;
  /**
   * How much more than the baseline, as a share of it, seed by seed. Absent for the baseline
   * itself.
   */
  readonly margin?: { readonly value: number; readonly interval: Interval };
}

/**
 * Every variant over the seeds that it has in all tasks, at least two. Margins are taken seed by
 * seed: runs of the same seed begin with the same weights and the same draws of hyperparameters,
 * and how lucky these are is most of what makes seeds differ.
 */
export function summarize(tasks: readonly Comparison[], baseline: string): readonly Summary[] {
  const [first] = tasks as [Comparison, ...Comparison[]];
  const found = first.variants.flatMap(({ name, runs }) => {
    const scoresOf = (seed: number) =>
      tasks.map(({ variants }) => {
        const same = variants.find((variant) => variant.name === name);
        return same?.runs.find((run) => run.seed === seed)?.score;
      });
    const values = new Map<number, number>();
    for (const { seed } of runs) {
      const scores = scoresOf(seed);
      if (scores.every((score) => score !== undefined)) values.set(seed, mean(scores));
    }
    return values.size < 2 ? [] : [{ variant: name, values }];
  });
  const beside = found.find(({ variant }) => variant === baseline)!.values;
  return found.map(({ variant, values }) => {
    const { value: iqm, interval } = estimated(variant, [...values.values()]);
    if (variant === baseline) return { variant, values, iqm, interval };
    const margins = [...values].flatMap(([seed, value]) => {
      const other = beside.get(seed);
      return other === undefined ? [] : [value / other - 1];
    });
    return { variant, values, iqm, interval, margin: estimated(`${variant} margin`, margins) };
  });
}

function estimated(name: string, values: readonly number[]) {
  const value = interquartileMean(values);
  const replicates = replicatesOf(values, randomStream("bootstrap", name));
  return { value, interval: stretchedInterval(value, replicates, values.length - 1, 0.95) };
}

export interface Divergence {
  readonly generations: number;
  /** Generations that ended without a finite score. */
  readonly diverged: number;
  /** Of these, how many were followed by a copy of another member's weights. */
  readonly rescued: number;
  /** Members that ended without a finite score. */
  readonly lost: number;
}

export function divergenceOf(histories: readonly History[]): Divergence {
  const counts = { generations: 0, diverged: 0, rescued: 0, lost: 0 };
  for (const { snapshots, decisions } of histories) {
    const copies = new Set(
      decisions
        .filter(({ kind, weights }) => kind === "copy" && weights)
        .map(({ snapshot }) => snapshot),
    );
    const newest = new Map<number, boolean>();
    for (const { id, member, kind, score } of snapshots) {
      if (kind !== "trained") continue;
      counts.generations++;
      if (score === undefined) counts.diverged++;
      if (score === undefined && copies.has(id)) counts.rescued++;
      newest.set(member, score === undefined);
    }
    counts.lost += [...newest.values()].filter((isLost) => isLost).length;
  }
  return counts;
}
