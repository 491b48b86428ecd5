/** Members and their claims, and the workers that hold them. */
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { Failure } from "../failure.ts";
import type { RunWorker, WorkerState } from "../run-worker.ts";
import type { Claim, ClaimRequest, ClaimResult } from "./claim.ts";
import type { RunId, WorkerId } from "./ids.ts";

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
