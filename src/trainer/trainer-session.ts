/** The contract between a worker and a trainer of any kind: one live model that can take the place of any member. */
import { CladeError } from "../algorithm/clade-error.ts";
import type { CheckpointFiles, Hyperparameters } from "../algorithm/snapshot.ts";
import type { Evaluation, TrainerContext } from "../experiment/trainer.ts";

export interface TrainerSession {
  /** Fresh weights. */
  start(context: TrainerContext): Promise<void>;
  /** The state of a checkpoint. */
  restore(files: CheckpointFiles, context: TrainerContext): Promise<void>;
  step(hyperparameters: Hyperparameters): void | Promise<void>;
  evaluate(final: boolean): Promise<Evaluation>;
  save(): Promise<CheckpointFiles>;
  dispose(): Promise<void>;
}

/** The user's trainer threw. The cause is what it threw. */
export class TrainerError extends CladeError {
  constructor(call: string, cause: unknown) {
    super(`trainer ${call} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
