/** What a worker appends for its member, each time in one transaction. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import type { CheckpointId, Snapshot } from "../../algorithm/snapshot.ts";
import type { Claim, ClaimRequest, ClaimResult, News } from "./claim.ts";
import type { RunId } from "./ids.ts";

/** What a worker has done, for the history. */
export type Publication =
  | Trained
  /** A copy was scored again before its training. The claim continues. */
  | (Decided & { readonly kind: "evaluated"; readonly snapshot: Snapshot })
  /** A member that keeps failing continues from a donor. The claim continues. */
  | { readonly kind: "rescued"; readonly decision: Decision; readonly snapshot: Snapshot }
  /** The member has gone back to an older snapshot, and is free. */
  | { readonly kind: "recovered"; readonly decision: Decision; readonly snapshot: Snapshot }
  /** The member leaves the run, perhaps after a last evaluation. */
  | {
      readonly kind: "left";
      readonly state: "finished" | "stopped";
      readonly decision?: Decision;
      readonly snapshot?: Snapshot;
      /**
       * Why the run is done if no member is active any more; "every member has spent its budget"
       * when left out.
       */
      readonly reason?: string;
    }
  /** The whole run ends. */
  | { readonly kind: "ended"; readonly reason: string };

/**
 * The decision before a generation, and the snapshot that the generation begins with, if it is
 * new.
 */
export interface Decided {
  readonly decision?: Decision;
  readonly from?: Snapshot;
}

/**
 * The end of a generation. The member is free, and awaits a decision unless this was its last
 * generation.
 */
export interface Trained extends Decided {
  readonly kind: "trained";
  readonly snapshot: Snapshot;
  /** The member has spent its budget. */
  readonly isLast?: boolean;
  /**
   * It has the best score that its worker knows of. The run's best stays if that is at least as
   * good (`isBetterModel`).
   */
  readonly mayBeBest?: boolean;
  /** The run ends with it, or ends if all members together have then done this many steps. */
  readonly ends?: { readonly reason: string; readonly atTotalSteps?: number };
}

export interface Publications {
  /**
   * Protects the checkpoint of the snapshot that a claim continues from, until the claim ends or
   * publishes, and shows the snapshot with its member. Resolves false, and changes nothing, if the
   * checkpoint was replaced since the decision and may be gone. Throws `LeaseLostError`.
   */
  begin(claim: Claim, from: Snapshot): Promise<boolean>;
  /**
   * Protects a checkpoint that a claim is about to publish. Throws `LeaseLostError`. A new
   * reservation replaces the claim's last.
   */
  reserveCheckpoint(claim: Claim, checkpoint: CheckpointId): Promise<void>;
  /**
   * Appends what a worker has done. Throws `LeaseLostError`, and changes nothing, if the claim no
   * longer holds or the run is not running. With `next` the worker gets another claim in the same
   * message.
   */
  publish(
    claim: Claim,
    publication: Publication,
    next?: ClaimRequest,
  ): Promise<ClaimResult | undefined>;
  /** What was published after a place. */
  news(id: RunId, since: number): Promise<News>;
  /**
   * Each member's newest snapshot with a score of its own, and the place in the history that they
   * are read at.
   */
  present(id: RunId): Promise<News>;
  /**
   * Each member's trained snapshot of a generation, or of its last earlier one. A decision about
   * that generation sees these.
   */
  generation(id: RunId, generation: number): Promise<readonly Snapshot[]>;
}
