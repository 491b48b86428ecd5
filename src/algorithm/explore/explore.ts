import type { Random } from "../random.ts";
import type { SearchSpace } from "../search-space.ts";
import type { Hyperparameters, Snapshot } from "../snapshot.ts";

/**
 * New hyperparameters from old ones, for weights that have seen `step` steps. The result is
 * settled in the search space afterwards. So a user's own function may step out of bounds (the
 * value is brought back) and may ignore conditional hyperparameters.
 */
export type Explore = (
  hyperparameters: Hyperparameters,
  space: SearchSpace,
  random: Random,
  weights: Pick<Snapshot, "step">,
) => Hyperparameters;
