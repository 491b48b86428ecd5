/** What the last generations say about hyperparameters. */
import { rememberedGenerations } from "../../history.ts";
import type { Random } from "../../random.ts";
import type { Hyperparameters } from "../../snapshot.ts";
import { mean } from "../../statistics/robust.ts";
import type { Situation } from "../explore.ts";

/** More would cost more than they tell: a fit grows with the cube of their number. */
export const maxTrials = 96;

/** A generation of training with some hyperparameters. */
export interface Trial {
  readonly hyperparameters: Hyperparameters;
  readonly startScore: number;
  readonly generation: number;
  /** How much better the score got. */
  readonly gain: number;
}

/**
 * The newest ones up to the member's generation, some of a generation where there is no room for
 * all. One that ended without a score is as far below the worst as that is below the best.
 */
export function trialsOf({ member, population }: Situation, random: Random): readonly Trial[] {
  const { history, direction } = population;
  const sign = direction === "maximize" ? 1 : -1;
  const newest: Trial[] = [];
  // What the oldest remembered one began with is forgotten.
  const oldest = Math.max(1, member.generation - rememberedGenerations + 2);
  for (let at = member.generation; at >= oldest && newest.length < maxTrials; at--) {
    const trials = history.trained(at).flatMap((snapshot): Trial[] => {
      const { hyperparameters, generation, score } = snapshot;
      const startScore = history.startOf(snapshot)?.score;
      if (startScore === undefined) return [];
      const gain = score === undefined ? Number.NaN : sign * (score - startScore);
      return [{ hyperparameters, startScore, generation, gain }];
    });
    while (trials.length > maxTrials - newest.length)
      trials.splice(random.integer(trials.length), 1);
    newest.push(...trials);
  }
  const known = newest.map(({ gain }) => gain).filter(Number.isFinite);
  if (known.length === 0) return [];
  const [worst, best] = [Math.min(...known), Math.max(...known)];
  const broken = worst - (best - worst || 1);
  return newest.map((trial) => (Number.isNaN(trial.gain) ? { ...trial, gain: broken } : trial));
}

/** With a mean of 0 and a variance of 1. */
export interface Gains {
  readonly values: readonly number[];
  /** Of the gains as they were. */
  readonly deviation: number;
  readonly mean: number;
}

/** Undefined where all gains are equal but for rounding, or too large to compute with. */
export function standardized(trials: readonly Trial[]): Gains | undefined {
  const values = clipped(trials.map(({ gain }) => gain));
  const middle = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  const largest = Math.max(...values.map(Math.abs));
  if (!(Number.isFinite(deviation) && deviation > 1e-9 * largest)) return undefined;
  return { values: values.map((value) => (value - middle) / deviation), deviation, mean: middle };
}

/** A few that broke would hide the others: none is further from the middle 80% than its width. */
function clipped(gains: readonly number[]): readonly number[] {
  const sorted = gains.toSorted((a, b) => a - b);
  const [low, high] = [0.1, 0.9].map((share) => sorted[Math.round(share * (sorted.length - 1))]!);
  const width = high! - low!;
  if (width === 0) return gains;
  return gains.map((gain) => Math.min(high! + width, Math.max(low! - width, gain)));
}
