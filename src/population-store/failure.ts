/** A failure of a trainer, with everything that shows who caused it. */
import type { Hyperparameters, SnapshotId } from "../algorithm/snapshot.ts";
import type { WorkerId } from "./contract/ids.ts";

/** What the trainer was doing. `start` makes fresh weights, `restore` loads a checkpoint. */
export type Phase = "start" | "restore" | "train" | "evaluate" | "save";

/**
 * `trainer`: its code, or something that the code called, failed or did not end in time.
 * `contract`: it broke a rule of the trainer contract, which it would do on any machine.
 * `outside`: a signal that neither Clade nor the trainer sent ended its process.
 */
export type FailureCause = "trainer" | "contract" | "outside";

/**
 * Whom a failure counts against. If other members' generations also fail on a worker, the failure
 * says nothing about its member.
 */
export type Blamed = "member" | "worker" | "nobody";

/** An error of a trainer, and whom it counts against. */
export interface Failure {
  readonly member: number;
  readonly generation: number;
  /**
   * The snapshot that was trained from. Older versions did not record it, nor the other optional
   * facts.
   */
  readonly snapshot?: SnapshotId;
  readonly hyperparameters?: Hyperparameters;
  readonly worker: WorkerId;
  /** What the worker trains on, such as its GPUs. Absent if it was given none. */
  readonly device?: string;
  readonly phase?: Phase;
  readonly cause: FailureCause;
  readonly against: Blamed;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly message: string;
  readonly stack: string;
}
