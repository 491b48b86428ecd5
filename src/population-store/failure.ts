/** A failure of a trainer, with all that tells whose it is. */
import type { Hyperparameters, SnapshotId } from "../algorithm/snapshot.ts";
import type { WorkerId } from "./contract/ids.ts";

/** What the trainer was doing. `start` makes fresh weights, `restore` loads a checkpoint. */
export type Phase = "start" | "restore" | "train" | "evaluate" | "save";

/**
 * `trainer`: its code, or what that called, failed or did not end in time. `contract`: it broke a
 * rule that Clade keeps, which it would do anywhere. `outside`: a signal that neither Clade nor
 * the trainer sent ended its process.
 */
export type FailureCause = "trainer" | "contract" | "outside";

/**
 * Whom a failure counts against: a worker on which others' generations fail, too, says nothing
 * about its member.
 */
export type Blamed = "member" | "worker" | "nobody";

export interface Failure {
  readonly member: number;
  readonly generation: number;
  /**
   * The snapshot that was trained from. Absent in what an older version wrote, as are the other
   * facts that may be absent.
   */
  readonly snapshot?: SnapshotId;
  readonly hyperparameters?: Hyperparameters;
  readonly worker: WorkerId;
  /**
   * What the worker trains on, such as the GPUs that it was given. Absent where it was given none.
   */
  readonly device?: string;
  readonly phase?: Phase;
  readonly cause: FailureCause;
  readonly against: Blamed;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly message: string;
  readonly stack: string;
}
