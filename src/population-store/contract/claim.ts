/** The right to work on a member, and what comes with it. */
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { RunId, WorkerId } from "./ids.ts";

/**
 * The right to train a member and to publish for it, until it is given back or claimed by another:
 * `fencingToken` counts the claims.
 */
export interface Claim {
  readonly run: RunId;
  readonly worker: WorkerId;
  readonly member: number;
  readonly fencingToken: number;
  readonly newest: Snapshot;
  /** The newest snapshot ended a generation, and nobody has decided about it. */
  readonly undecided: boolean;
  readonly failures: number;
  /** Whether it has ever failed in this run. */
  readonly hasFailed: boolean;
  /** How long somebody had worked on the run by the time of the claim, in milliseconds. */
  readonly elapsedMs: number;
  /**
   * At the end of which generation the member was last restarted, on which the seed of its trainer
   * depends; 0 if it never was.
   */
  readonly restarted: number;
}

export interface ClaimRequest {
  /** How long the claim holds without a renewal, in milliseconds. */
  readonly leaseMs: number;
  /** The member that the worker's trainer holds: preferred among equals. */
  readonly warm?: number | undefined;
  /** The place up to which the worker knows the history; left out when it knows nothing. */
  readonly since?: number | undefined;
}

export type ClaimResult =
  | {
      readonly kind: "claimed";
      readonly claim: Claim;
      /** What was published after `since`, where the member awaits a decision. */
      readonly news?: News;
    }
  /** Every member is leased, finished, or waits for the others. */
  | { readonly kind: "wait" }
  /** The run is not running any more. */
  | { readonly kind: "ended" };

/** Snapshots with scores of their own (`isEarned`) after a place in the history, in order. */
export interface News {
  readonly snapshots: readonly Snapshot[];
  /** The place up to which they reach. */
  readonly cursor: number;
}
