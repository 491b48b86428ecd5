import type { Exploit } from "../algorithm/exploit/exploit.ts";
import type { Explored, Situation } from "../algorithm/explore/explore.ts";
import type { Random } from "../algorithm/random.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import type { SearchSpace } from "../algorithm/search-space.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { Budget } from "./budget.ts";
import type { CommandTrainer } from "./command.ts";
import type {
  CheckedExplore,
  CheckedObjective,
  CheckedSpace,
  CheckedTrainer,
} from "./declared-types.ts";
import type { Objective } from "./objective.ts";
import type { Where } from "./search-space/relation.ts";
import type { SpaceDeclaration } from "./search-space/search-space.ts";
import type { ValuesOf } from "./search-space/values-of.ts";
import type { InProcessTrainerSource, Trainer } from "./trainer.ts";

/**
 * What a user declares. S are the hyperparameters, T is what the trainer's source makes, M are the
 * metrics of the objective, and R is what `explore` returns.
 */
export interface ExperimentDeclaration<
  S extends SpaceDeclaration = SpaceDeclaration,
  T = Trainer,
  M extends string = string,
  R = Hyperparameters | Explored,
> {
  /** Names the runs: letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** How many members. */
  readonly population: number;
  readonly hyperparameters: S & CheckedSpace<NoInfer<S>>;
  /**
   * What the hyperparameters have to satisfy together, or a list of such conditions: `({ batch,
   * minibatch }) => batch >= 2 * minibatch`. Draws and moves do.
   */
  readonly where?: Where<ValuesOf<S>> | readonly Where<ValuesOf<S>>[];
  /**
   * Hyperparameters to start with instead of draws: the same for every member, or a list with one
   * entry for each of the first members.
   */
  readonly initial?: Partial<ValuesOf<S>> | readonly Partial<ValuesOf<S>>[];
  readonly objective: Objective<M> & CheckedObjective<NoInfer<M>, NoInfer<T>>;
  /** When a generation ends. Default: about 50 generations in a budget of steps. */
  readonly ready?: Ready;
  /** Default: `lead()`. */
  readonly exploit?: Exploit<ValuesOf<S>>;
  /**
   * Default: `perturb` with factors of the root of 2, on a log scale at least a tenth of the
   * range.
   */
  readonly explore?: (
    hyperparameters: ValuesOf<S>,
    space: SearchSpace,
    random: Random,
    situation: Situation<ValuesOf<S>>,
  ) => R & CheckedExplore<NoInfer<R>, ValuesOf<NoInfer<S>>>;
  /**
   * "copy" explores after a copy (the paper, and the default), "generation" at the end of every
   * generation.
   */
  readonly exploreEvery?: "copy" | "generation";
  readonly budget: Budget;
  readonly trainer:
    | (InProcessTrainerSource<ValuesOf<S>, T> & CheckedTrainer<NoInfer<T>>)
    | CommandTrainer;
  /**
   * Generation g is decided only when every live member has published g; the result then depends
   * on the seed alone.
   */
  readonly synchronous?: boolean;
  /**
   * A copy is evaluated by its recipient before it trains on, instead of keeping the donor's
   * score.
   */
  readonly reevaluate?: boolean;
  /**
   * Seconds that a step, an evaluation, a save or a restore may take before it counts as hung
   * (default 600). Replaces a command's own `stepTimeoutSeconds`.
   */
  readonly stepTimeoutSeconds?: number;
  /** Default: drawn for each run. */
  readonly seed?: number;
}
