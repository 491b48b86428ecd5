/** The right to work on a member, and what comes with it. */
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { RunId, WorkerId } from "./ids.ts";

/**
 * The right to train a member and to publish for it. It ends when the member is given back, or
 * when another worker claims it. `fencingToken` counts the claims.
 */
export interface Claim {
  readonly run: RunId;
  readonly worker: WorkerId;
  readonly member: number;
  readonly fencingToken: number;
  readonly newest: Snapshot;
  /** The newest snapshot ended a generation, and the decision about it is still to be made. */
  readonly undecided: boolean;
  readonly failures: number;
  /** Whether it has ever failed in this run. */
  readonly hasFailed: boolean;
  /** The run's work time (`elapsedMs`) at the time of the claim, in milliseconds. */
  readonly elapsedMs: number;
  /**
   * The generation at whose end the member was last restarted; 0 if it never was. The seed of its
   * trainer depends on it.
   */
  readonly restarted: number;
}

/** What a worker asks for when it claims a member. */
export interface ClaimRequest {
  /** How long the claim holds without a renewal, in milliseconds. */
  readonly leaseMs: number;
  /** The member that the worker's trainer already holds. It is preferred among equals. */
  readonly warm?: number | undefined;
  /** The worker knows the history up to this place. Left out when it knows nothing. */
  readonly since?: number | undefined;
}

/** What a worker that asks for a member gets. */
export type ClaimResult =
  | {
      readonly kind: "claimed";
      readonly claim: Claim;
      /** What was published after `since`, if the member awaits a decision. */
      readonly news?: News;
    }
  /** Every member is leased, is finished, or waits for the others. */
  | { readonly kind: "wait" }
  /** The run is no longer running. */
  | { readonly kind: "ended" };

/** The snapshots after a place in the history, in order. */
export interface News {
  readonly snapshots: readonly Snapshot[];
  /** The place up to which they reach. */
  readonly cursor: number;
}
