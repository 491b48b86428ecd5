/**
 * The contract between a worker and a trainer of any kind: one live model that can take the place
 * of any member.
 */
import { CladeError } from "../algorithm/clade-error.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import type { CheckpointFiles, CheckpointId, Hyperparameters } from "../algorithm/snapshot.ts";
import type { Evaluation, Place } from "../experiment/trainer.ts";

/**
 * Sessions pass `trainerSessionConformance` of `clade/testing`. Every method rejects with
 * `TrainerError` when the user's code fails.
 */
export interface TrainerSession {
  /**
   * Whether checkpoints are handed over in memory, or as directories where the checkpoint store
   * has them.
   */
  readonly checkpoints: "files" | "directories";
  /**
   * Whether other hyperparameters take effect with the next `train`, or need a `start` or a
   * `restore`.
   */
  readonly hyperparameters: "with train" | "with restore";
  /**
   * Whether the trainer reads hyperparameters back from where they act, or only repeats what it
   * was told. Absent where none are answered.
   */
  readonly readsBack?: boolean | undefined;
  /**
   * The names that it has read back at the latest `start` or `restore`; the others were not seen.
   * Absent before that, and where none are answered.
   */
  readonly readBack?: ReadonlySet<string> | undefined;
  /**
   * The names that it has read back again after the last step of the latest `train`. Absent before
   * the first.
   */
  readonly readBackAfterTraining?: ReadonlySet<string> | undefined;
  /**
   * All hyperparameters as the trainer uses them after the latest `start` or `restore`, which may
   * differ from what it was told. Absent where it uses what it is told, or fails.
   */
  readonly adjusted?: Hyperparameters | undefined;
  /**
   * From here on every call ends with what `check` throws. `check` is called ten times a second,
   * or between steps. A call that blocks this process goes on: only ending the process stops it.
   */
  interruptWith(check: () => void): void;
  /** Starts with fresh weights. */
  start(turn: Turn): Promise<void>;
  /**
   * Restores the state of a checkpoint. A session may detect that the loaded state is not the
   * checkpoint of that id.
   */
  restore(checkpoint: SavedState & { readonly id?: CheckpointId }, turn: Turn): Promise<void>;
  /** Trains until ready or until the budget is spent. Resolves the number of steps. */
  train(generation: Generation): Promise<number>;
  evaluate(final: boolean): Promise<Evaluation>;
  /**
   * Saves what the next step depends on, into `directory` where one is given and the session hands
   * over directories.
   */
  save(directory?: string): Promise<SavedState>;
  dispose(): Promise<void>;
}

/** Whose turn it is. */
export interface Turn {
  readonly member: number;
  readonly seed: number;
  readonly hyperparameters: Hyperparameters;
  /** Where the generation that begins is in its run (default: at the run's beginning). */
  readonly place?: Omit<Place, "member">;
}

/** What a session trains in one go. */
export interface Generation {
  readonly hyperparameters: Hyperparameters;
  /** Where the lineage is when it begins. */
  readonly step: number;
  readonly generation: number;
  readonly ready: Ready;
  /** Of the budget; infinite without one. */
  readonly stepsLeft: number;
  readonly millisecondsLeft: number;
}

export type SavedState = { readonly files: CheckpointFiles } | { readonly directory: string };

/**
 * `trainer`: the user's code, or what it called, failed or did not end in time. `contract`: it
 * broke a rule of this contract or of the protocol. `outside`: a signal from outside ended its
 * process.
 */
export type TrainerErrorKind = "trainer" | "contract" | "outside";

/** The user's trainer failed. */
export class TrainerError extends CladeError {
  readonly kind: TrainerErrorKind;
  /**
   * Where it failed, for the person who wrote the trainer: a stack, or the last lines that it
   * printed.
   */
  readonly detail: string;

  constructor(
    message: string,
    detail: string,
    { kind = "trainer", ...options }: ErrorOptions & { readonly kind?: TrainerErrorKind } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.detail = detail;
  }
}
