import type { Random } from "../random.ts";
import type { SearchSpace } from "../search-space.ts";
import type { Hyperparameters, Snapshot } from "../snapshot.ts";

/**
 * New hyperparameters from old ones, for weights that have seen so many steps. What it returns is
 * settled in the search space afterwards, so a user's own function may step out of bounds (the
 * value is brought back) and need not care for conditional hyperparameters.
 */
export type Explore = (
  hyperparameters: Hyperparameters,
  space: SearchSpace,
  random: Random,
  weights: Pick<Snapshot, "step">,
) => Hyperparameters;
