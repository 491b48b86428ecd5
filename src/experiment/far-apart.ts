import { randomStream } from "../algorithm/random.ts";
import type { Hyperparameter, SearchSpace } from "../algorithm/search-space.ts";
import type { Hyperparameters, HyperparameterValue } from "../algorithm/snapshot.ts";

/**
 * Two settings that differ in one hyperparameter, as far as its range allows, and in what depends
 * on it.
 */
export interface FarApart {
  readonly name: string;
  readonly settings: readonly [Hyperparameters, Hyperparameters];
}

const draws = 300;

/**
 * Two distant values of each hyperparameter that can change: the ends of a range, or two options
 * of a choice. The others stay as given, except that the condition of a conditional one is made to
 * hold. Constants are left out.
 */
export function farApart(space: SearchSpace, from: Hyperparameters): FarApart[] {
  return space.names.flatMap((name) => {
    const ends = endsOf(space.hyperparameter(name));
    const base = from[name] === undefined ? drawWith(space, name) : from;
    if (!ends || !base) return [];
    const settings = ends.map((value) => settingWith(space, base, name, value));
    const found = settings.every((each) => space.satisfies(each))
      ? settings
      : satisfyingEnds(space, base, name);
    return found ? [{ name, settings: found as [Hyperparameters, Hyperparameters] }] : [];
  });
}

function settingWith(
  space: SearchSpace,
  base: Hyperparameters,
  name: string,
  value: HyperparameterValue,
): Hyperparameters {
  return space.settle({ ...base, [name]: value }, randomStream("far apart", name));
}

/** The ends of what the space's conditions leave, as far as draws show. */
function satisfyingEnds(
  space: SearchSpace,
  base: Hyperparameters,
  name: string,
): Hyperparameters[] | undefined {
  const random = randomStream("satisfying");
  const { order = () => 0 } = space.hyperparameter(name);
  const settings = Array.from({ length: draws }, () => space.hyperparameter(name).sample(random))
    .map((value) => settingWith(space, base, name, value))
    .filter((each) => space.satisfies(each))
    .toSorted((first, second) => order(first[name]!) - order(second[name]!));
  const other = settings.findLast((each) => each[name] !== settings[0]![name]);
  return other && [settings[0]!, other];
}

function endsOf(
  hyperparameter: Hyperparameter,
): [HyperparameterValue, HyperparameterValue] | undefined {
  const [low, high] = [hyperparameter.nearest(-Infinity), hyperparameter.nearest(Infinity)];
  if (typeof low === "number" && typeof high === "number" && low < high) return [low, high];
  const random = randomStream("options");
  const options = [...new Set(Array.from({ length: draws }, () => hyperparameter.sample(random)))];
  if (options.length < 2) return undefined;
  if (options.every((option) => typeof option === "number"))
    return [Math.min(...options), Math.max(...options)];
  return [options[0]!, options[1]!];
}

/** A draw in which a conditional hyperparameter applies. */
function drawWith(space: SearchSpace, name: string): Hyperparameters | undefined {
  for (let draw = 0; draw < draws; draw++) {
    const values = space.sample(randomStream("applies", draw));
    if (values[name] !== undefined) return values;
  }
  return undefined;
}
