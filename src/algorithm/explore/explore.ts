import type { Population } from "../population.ts";
import type { Random } from "../random.ts";
import type { SearchSpace } from "../search-space.ts";
import type { Hyperparameters, Snapshot } from "../snapshot.ts";

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
export interface Situation {
  /** Training steps that the weights have seen; 0 for fresh ones. */
  readonly step: number;
  /** The weights that train on, a donor's or the member's own; undefined for fresh ones. */
  readonly weights: Snapshot | undefined;
  /** The snapshot that the member has just published. */
  readonly member: Snapshot;
  readonly population: Population;
}

/** Hyperparameters and a remark that is recorded with the decision. */
export interface Explored {
  readonly hyperparameters: Hyperparameters;
  readonly remark: string;
}

/** With an empty remark where there is none. No hyperparameter is an object. */
export function withRemark(result: Hyperparameters | Explored): Explored {
  return typeof result.hyperparameters === "object"
    ? (result as Explored)
    : { hyperparameters: result as Hyperparameters, remark: "" };
}
