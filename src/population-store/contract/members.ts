/** Members and their claims, and the workers that hold them. */
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { Failure } from "../failure.ts";
import type { RunWorker, WorkerState } from "../run-worker.ts";
import type { News } from "./publications.ts";
import type { RunId } from "./runs.ts";

/** Names a worker process: `host:pid:random`. */
export type WorkerId = string & { readonly __brand: "WorkerId" };

/**
 * `finished` has spent its budget and goes on with a larger one; `stopped` was ended by its
 * strategy and never goes on.
 */
export type MemberState = "active" | "finished" | "stopped" | "failed";

export interface Member {
  readonly member: number;
  readonly state: MemberState;
  readonly newest: Snapshot;
  /** What its worker goes on from, where that differs from the newest. */
  readonly begun?: Snapshot;
  /** Failures since it last published. */
  readonly failures: number;
  readonly lease?: { readonly worker: WorkerId; readonly until: number };
  /** Nobody may claim it before, because it has failed. Absent when it may be claimed. */
  readonly restsUntil?: number;
}

/**
 * The right to train a member and to publish for it, until it is given back or claimed by another:
 * `epoch` counts the claims.
 */
export interface Claim {
  readonly run: RunId;
  readonly worker: WorkerId;
  readonly member: number;
  readonly epoch: number;
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

export interface Members {
  /**
   * Claims the free active member with the fewest generations. In a synchronous run only members
   * that wait for nobody can be claimed.
   */
  claimMember(id: RunId, worker: WorkerId, request: ClaimRequest): Promise<ClaimResult>;
  /**
   * Extends a lease. Throws `LeaseLostError` when the claim is no longer valid, or when the run is
   * not running.
   */
  renewLease(claim: Claim, leaseMs: number): Promise<void>;
  /**
   * Gives a member back, so that it can be claimed after `restMs`. Does nothing when the claim is
   * no longer valid.
   */
  releaseMember(claim: Claim, restMs?: number): Promise<void>;
  /**
   * Gives back everything that a worker holds, and forgets it, because it is known to be dead.
   * Safe even if it is not: it can no longer publish.
   */
  releaseWorker(id: RunId, worker: WorkerId): Promise<void>;
  /**
   * Keeps an error of the trainer with the member and gives the member back, so that it can be
   * claimed after `restMs`; `failed` takes it out of the run. Fenced like `publish`.
   */
  recordFailure(
    claim: Claim,
    failure: Failure,
    state: MemberState,
    restMs?: number,
  ): Promise<void>;
  /** A member's last failures, the latest first, at most `limit`. */
  failuresOf(id: RunId, member: number, limit: number): Promise<readonly Failure[]>;

  /**
   * Keeps what a worker does, so that it is known to be there; without a state the worker is
   * forgotten. Does nothing for a run that was removed.
   */
  noteWorker(
    id: RunId,
    worker: WorkerId,
    state: WorkerState | undefined,
    device?: string,
  ): Promise<void>;
  /**
   * The workers that were heard of in the last day and are not known to have left, in the order in
   * which they joined.
   */
  workers(id: RunId): Promise<readonly RunWorker[]>;
  members(id: RunId): Promise<readonly Member[]>;
}
