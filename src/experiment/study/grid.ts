import { BadInputError } from "../../algorithm/problem.ts";
import { randomStream } from "../../algorithm/random.ts";
import type { Hyperparameters, HyperparameterValue } from "../../algorithm/snapshot.ts";
import type { Experiment } from "../experiment.ts";
import type { Declared } from "../search-space/declared.ts";
import { type DeclaredNumber, scales } from "../search-space/numeric.ts";

/** Draws that find the values of a kind that is not a number. */
const draws = 1000;

/** For each member so many points are tried, where not all satisfy the space's conditions. */
const mostTried = 100;

/**
 * A full grid over the search space with at most as many points as there are members. The other
 * members repeat points from the start, with seeds of their own. A number gets the middles of
 * equal parts of its range, on its own scale. A choice gets all its values.
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
  // Raises each in turn, so that counts of values differ by at most one.
  const middlesOf = (name: string, count: number) =>
    middles(declaration.hyperparameters[name] as DeclaredNumber, count);
  for (let grown = numbers.length > 0; grown; ) {
    grown = false;
    for (const name of numbers) {
      const more = counts.get(name)! + 1;
      // Whole numbers and multiples of a step run out of values.
      const isPossible =
        (size() / (more - 1)) * more <= population && middlesOf(name, more).length === more;
      if (!isPossible) continue;
      counts.set(name, more);
      grown = true;
    }
  }
  const axes = space.names.map(
    (name) => [name, categories.get(name) ?? middlesOf(name, counts.get(name)!)] as const,
  );
  const stride = strideOver(size(), population);
  const pointAt = (member: number) => {
    let place = (member * stride) % size();
    const point = axes.map(([name, values]) => {
      const value = values[place % values.length]!;
      place = Math.floor(place / values.length);
      return [name, value];
    });
    return space.settle(Object.fromEntries(point), randomStream("grid", member));
  };
  const most = Math.max(population, Math.min(size(), mostTried * population));
  const wanted: Hyperparameters[] = [];
  for (let index = 0; index < most && wanted.length < population; index++) {
    const point = pointAt(index);
    if (space.satisfies(point)) wanted.push(point);
  }
  if (wanted.length === 0)
    throw new BadInputError([
      {
        path: "baseline",
        value: "grid",
        rule: "has no point that satisfies where",
        remedy: "give a larger population, or leave it out",
      },
    ]);
  return Array.from({ length: population }, (_, member) => wanted[member % wanted.length]!);
}

/**
 * The distance between the points that are taken where choices make more points than there are
 * members. It has no common divisor with their number, so that every hyperparameter varies.
 */
function strideOver(points: number, population: number): number {
  if (points <= population) return 1;
  let stride = Math.ceil(points / population);
  while (commonDivisor(points, stride) > 1) stride++;
  return stride;
}

function commonDivisor(first: number, second: number): number {
  return second === 0 ? first : commonDivisor(second, first % second);
}

function categoriesOf(declared: Declared): readonly HyperparameterValue[] | undefined {
  if ("numeric" in declared) return undefined;
  return [
    ...new Set(
      Array.from({ length: draws }, (_, draw) => declared.sample(randomStream("grid", draw))),
    ),
  ];
}

function middles(
  { numeric, nearest }: DeclaredNumber,
  count: number,
): readonly HyperparameterValue[] {
  const { low, high } = numeric.prior;
  const { placeOf, at } = scales[numeric.scale];
  const values = Array.from({ length: count }, (_, index) => {
    const share = (index + 0.5) / count;
    const value = at(placeOf(low) + (placeOf(high) - placeOf(low)) * share);
    const rounded =
      numeric.scale === "nearOne"
        ? 1 - Number((1 - value).toPrecision(6))
        : Number(value.toPrecision(6));
    return nearest(rounded)!;
  });
  return [...new Set(values)];
}
