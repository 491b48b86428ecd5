/** What the last generations say about hyperparameters. */
import { rememberedGenerations } from "../../history.ts";
import type { Random } from "../../random.ts";
import type { Hyperparameters } from "../../snapshot.ts";
import { mean, withoutOutliers } from "../../statistics/robust.ts";
import type { Situation } from "../explore.ts";

/** More would cost more than they tell: a fit grows with the cube of their number. */
const maxTrials = 96;

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
  const oldest = Math.max(1, member.generation - rememberedGenerations + 1);
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

/** Without outliers, with a mean of 0 and a variance of 1. */
export interface Gains {
  readonly values: readonly number[];
  /** Of a gain as it was; 0 where all are equal. */
  readonly deviation: number;
  readonly mean: number;
}

export function standardized(trials: readonly Trial[]): Gains {
  const values = withoutOutliers(trials.map(({ gain }) => gain));
  const middle = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  return { values: values.map((value) => (value - middle) / deviation), deviation, mean: middle };
}
