import { randomStream } from "../../algorithm/random.ts";
import type { Hyperparameters, HyperparameterValue } from "../../algorithm/snapshot.ts";
import type { Experiment } from "../experiment.ts";
import type { Declared } from "../search-space/declared.ts";
import type { DeclaredNumber } from "../search-space/numeric.ts";

/** Draws from which the values of a kind that is no number are gathered. */
const draws = 1000;

/**
 * A full grid over the search space with as many of its points as there are members, or fewer; the members that are left repeat points from
 * the start, with seeds of their own. A number gets the middles of equal parts of its range, on its own scale; a choice all its values.
 */
export function gridPoints(experiment: Experiment): readonly Hyperparameters[] {
  const { population, strategies, declaration } = experiment;
  const { space } = strategies;
  const categories = new Map(
    space.names.flatMap((name) => {
      const values = categoriesOf(declaration.hyperparameters[name]!);
      return values ? [[name, values] as const] : [];
    }),
  );
  const counts = new Map(space.names.map((name) => [name, categories.get(name)?.length ?? 1]));
  const size = () => [...counts.values()].reduce((product, count) => product * count, 1);
  const numbers = space.names.filter((name) => !categories.has(name));
  // Raised in turns, so that no number has more than one value more than another.
  for (let grown = numbers.length > 0; grown; ) {
    grown = false;
    for (const name of numbers) {
      counts.set(name, counts.get(name)! + 1);
      if (size() > population) {
        counts.set(name, counts.get(name)! - 1);
      } else grown = true;
    }
  }
  let points: Record<string, HyperparameterValue>[] = [{}];
  for (const name of space.names) {
    const declared = declaration.hyperparameters[name]!;
    const values = categories.get(name) ?? middles(declared as DeclaredNumber, counts.get(name)!);
    points = values.flatMap((value) => points.map((point) => ({ ...point, [name]: value })));
  }
  // Larger than the population where the choices alone are: spread evenly over it.
  const spread = points.length / Math.min(points.length, population);
  return Array.from({ length: population }, (_, member) => {
    const point = points[Math.floor((member % points.length) * spread)]!;
    return space.settle(point, randomStream("grid", member));
  });
}

function categoriesOf(declared: Declared): readonly HyperparameterValue[] | undefined {
  if ("numeric" in declared) return undefined;
  return [
    ...new Set(Array.from({ length: draws }, (_, draw) => declared.sample(randomStream("grid", draw)))),
  ];
}

function middles({ numeric, nearest }: DeclaredNumber, count: number): readonly HyperparameterValue[] {
  const { low, high } = numeric.prior;
  return Array.from({ length: count }, (_, index) => {
    const share = (index + 0.5) / count;
    const value = numeric.scale === "log" ? low * (high / low) ** share : low + (high - low) * share;
    return nearest(Number(value.toPrecision(6)))!;
  });
}
