/** Members and their claims, and the workers that hold them. */
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { Failure } from "../failure.ts";
import type { RunWorker, WorkerState } from "../run-worker.ts";
import type { Claim, ClaimRequest, ClaimResult } from "./claim.ts";
import type { RunId, WorkerId } from "./ids.ts";

/**
 * A `finished` member has spent its budget and continues with a larger one. A `stopped` member was
 * ended by its strategy and never continues.
 */
export type MemberState = "active" | "finished" | "stopped" | "failed";

/** A member as a reader sees it. */
export interface Member {
  readonly member: number;
  readonly state: MemberState;
  readonly newest: Snapshot;
  /** The snapshot that its worker continues from, if that is not the newest. */
  readonly begun?: Snapshot;
  /** The number of failures since it last published. */
  readonly failures: number;
  readonly lease?: { readonly worker: WorkerId; readonly until: number };
  /**
   * It cannot be claimed before this time, because it has failed. Absent when it can be claimed.
   */
  readonly restsUntil?: number;
}

export interface Members {
  /**
   * Claims the free active member with the fewest generations. In a synchronous run a member that
   * is ahead of another active one cannot be claimed.
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
   * Gives back everything that a dead worker holds, and forgets the worker. Safe even if the
   * worker is alive: it can no longer publish.
   */
  releaseWorker(id: RunId, worker: WorkerId): Promise<void>;
  /**
   * Records an error of the trainer and gives the member back, so that it can be claimed after
   * `restMs`. The state `failed` takes it out of the run. Fenced like `publish`.
   */
  recordFailure(
    claim: Claim,
    failure: Failure,
    state: MemberState,
    restMs?: number,
  ): Promise<void>;
  /** A member's last failures, latest first, at most `limit`. */
  failuresOf(id: RunId, member: number, limit: number): Promise<readonly Failure[]>;

  /**
   * Records what a worker does, which shows that it is alive. Without a state the worker is
   * forgotten. Does nothing for a run that was removed.
   */
  noteWorker(
    id: RunId,
    worker: WorkerId,
    state: WorkerState | undefined,
    device?: string,
  ): Promise<void>;
  /**
   * The workers that reported in the last day and are not known to have left, in the order in
   * which they joined.
   */
  workers(id: RunId): Promise<readonly RunWorker[]>;
  members(id: RunId): Promise<readonly Member[]>;
}
