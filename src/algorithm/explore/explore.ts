import type { Population } from "../population.ts";
import { BadInputError, below } from "../problem.ts";
import type { Random } from "../random.ts";
import { inheritedOf, type SearchSpace } from "../search-space.ts";
import { show } from "../show.ts";
import type { Hyperparameters, Snapshot } from "../snapshot.ts";
import { strategyPlace } from "../strategy.ts";

/**
 * New hyperparameters from old ones. The result is settled in the search space afterwards. So a
 * user's own function may step out of bounds (the value is brought back) and may ignore
 * conditional hyperparameters.
 */
export type Explore = (
  hyperparameters: Hyperparameters,
  space: SearchSpace,
  random: Random,
  situation: Situation,
) => Hyperparameters | Explored;

/** An explore that looks at the age of the weights at most, and has no remark. */
export type SimpleExplore = (
  hyperparameters: Hyperparameters,
  space: SearchSpace,
  random: Random,
  weights: Pick<Situation, "step">,
) => Hyperparameters;

/** What an explore may look at, besides what it changes. */
export interface Situation<H = Hyperparameters> {
  /** Training steps that the weights have seen; 0 for fresh ones. */
  readonly step: number;
  /** The weights that train on, a donor's or the member's own; undefined for fresh ones. */
  readonly weights: Snapshot<H> | undefined;
  /** The member's own newest snapshot. */
  readonly member: Snapshot<H>;
  readonly population: Population<H>;
}

/** Hyperparameters and a remark that is recorded with the decision. */
export interface Explored {
  readonly hyperparameters: Hyperparameters;
  readonly remark: string;
}

/**
 * What an explore returned, with an empty remark where there is none; no hyperparameter is an
 * object. Throws a `BadInputError` that names the explore where a user's own returned something
 * else.
 */
export function asExplored(result: Hyperparameters | Explored, path = "explore"): Explored {
  const isExplored = isPlain(result) && "hyperparameters" in result && "remark" in result;
  const found = isExplored ? result : { hyperparameters: result, remark: "" };
  if (isPlain(found.hyperparameters) && typeof found.remark === "string") return found as Explored;
  throw new BadInputError([
    {
      path,
      value: show(result),
      rule: "is what it returned, but hyperparameters must be an object",
      remedy: "return { name: value, ... }, or { hyperparameters, remark } with a remark in words",
    },
  ]);
}

/** Explores and settles the result in the space. Throws as `asExplored` and `settle` do. */
export function exploredIn(
  explore: Explore,
  starting: Hyperparameters,
  space: SearchSpace,
  random: Random,
  situation: Situation,
): Explored {
  const path = strategyPlace("explore", explore);
  const { weights = situation.member } = situation;
  const own = inheritedOf(space, weights.hyperparameters);
  for (let tries = 0; tries < maxTries; tries++) {
    // A strategy of the user's own may write to what it is given, which is a donor's.
    const found = asExplored(explore({ ...starting }, space, random, situation), path);
    const hyperparameters = settledBelow(path, () =>
      space.settle({ ...found.hyperparameters, ...own }, random),
    );
    if (space.satisfies(hyperparameters)) return { ...found, hyperparameters };
  }
  const remark = `none of ${maxTries} moves satisfies where, so it goes on with what it has`;
  return { hyperparameters: satisfying(space, starting, weights, random), remark };
}

/** So many moves are tried before hyperparameters stay as they are. */
const maxTries = 100;

/** The hyperparameters with what belongs to the weights, or else those of the weights. */
export function satisfying(
  space: SearchSpace,
  starting: Hyperparameters,
  weights: Pick<Snapshot, "hyperparameters">,
  random: Random,
): Hyperparameters {
  const own = inheritedOf(space, weights.hyperparameters);
  if (Object.keys(own).every((name) => own[name] === starting[name])) return starting;
  const settled = space.settle({ ...starting, ...own }, random);
  return space.satisfies(settled) ? settled : weights.hyperparameters;
}

function settledBelow<T>(path: string, settle: () => T): T {
  try {
    return settle();
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    throw new BadInputError(error.problems.map((problem) => below(path, problem)));
  }
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !("then" in value)
  );
}
