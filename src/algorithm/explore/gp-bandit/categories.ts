import type { Random } from "../../random.ts";
import type { SearchSpace } from "../../search-space.ts";
import type { Hyperparameters, HyperparameterValue } from "../../snapshot.ts";
import type { Gains, Trial } from "./trials.ts";

/** Draws from the prior, to find the values of a category. */
const draws = 100;

/** How a category was used in a generation, and what came of it. */
export interface Play {
  readonly category: number;
  /** From 0, the least of all generations, to 1. */
  readonly gain: number;
}

/**
 * With which probability to draw each category: TV.EXP3.M of Parker-Holder et al. 2021
 * (PB2-Mix), which never forgets a category for good, since what is best changes. A round is a
 * generation, and each of its members a play.
 */
export function categoryProbabilities(
  categories: number,
  rounds: readonly (readonly Play[])[],
): readonly number[] {
  const plays = rounds.reduce((sum, round) => sum + round.length, 0);
  const exploring = Math.min(
    1,
    Math.sqrt((categories * Math.log(categories)) / ((Math.E - 1) * Math.max(1, plays))),
  );
  let weights: readonly number[] = Array(categories).fill(1 / categories);
  const probabilities = () =>
    weights.map((weight) => (1 - exploring) * weight + exploring / categories);
  for (const round of rounds) {
    const before = probabilities();
    const gains = before.map((probability, category) => {
      const own = round.filter((play) => play.category === category);
      return own.reduce((sum, { gain }) => sum + gain, 0) / probability;
    });
    const grown = weights.map(
      (weight, category) => weight * Math.exp((exploring * gains[category]!) / categories),
    );
    const shared = Math.E / (rounds.length * categories);
    const total = grown.reduce((sum, weight) => sum + weight + shared, 0);
    weights = grown.map((weight) => (weight + shared) / total);
  }
  return probabilities();
}

/** For each kind without an order a value, with a probability that grows with what it gained. */
export function drawnCategories(
  space: SearchSpace,
  trials: readonly Trial[],
  { values }: Gains,
  random: Random,
): Hyperparameters {
  const drawn: Record<string, HyperparameterValue> = {};
  const [least, most] = [Math.min(...values), Math.max(...values)];
  for (const name of space.names) {
    const hyperparameter = space.hyperparameter(name);
    if (hyperparameter.order || hyperparameter.inherited) continue;
    const options = [
      ...new Set(Array.from({ length: draws }, () => hyperparameter.sample(random))),
    ];
    const rounds = new Map<number, Play[]>();
    trials.forEach(({ hyperparameters, generation }, index) => {
      const category = options.indexOf(hyperparameters[name]!);
      if (category < 0) return;
      const play = { category, gain: (values[index]! - least) / (most - least) };
      rounds.set(generation, [...(rounds.get(generation) ?? []), play]);
    });
    const inOrder = [...rounds].toSorted(([a], [b]) => a - b).map(([, plays]) => plays);
    drawn[name] = options[drawnIndex(categoryProbabilities(options.length, inOrder), random)]!;
  }
  return drawn;
}

function drawnIndex(probabilities: readonly number[], random: Random): number {
  let left = random.uniform();
  const index = probabilities.findIndex((probability) => {
    left -= probability;
    return left < 0;
  });
  return index < 0 ? probabilities.length - 1 : index;
}
