/** Runs: what is executed, and how far it is. */
import type { HyperparameterValue, Snapshot, SnapshotId } from "../../algorithm/snapshot.ts";
import type { ExperimentDescription } from "../../experiment/experiment.ts";
import type { RunId, WorkerId } from "./ids.ts";

export type RunState =
  /** Workers may claim members. Whether any worker is there is not known to the store. */
  | { readonly kind: "running" }
  | { readonly kind: "stopped" }
  | { readonly kind: "done"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * The place of a run in a study: which of its variants it is an execution of. The seed is the
 * run's.
 */
export interface StudyPlace {
  readonly name: string;
  /** Names the variant within the study, such as "pbt population=10". */
  readonly variant: string;
  /** The variant without its point on the study's grid, such as "pbt" or "random-search". */
  readonly method: string;
  /** The settings that the grid gave it, by path. */
  readonly point: { readonly [path: string]: unknown };
  /** The method that the others are compared with. */
  readonly baseline?: string;
}

export interface NewRun {
  readonly id: RunId;
  readonly seed: number;
  readonly experiment: ExperimentDescription;
  /**
   * The experiment file that workers load, and the settings that were changed for this run. Absent
   * for a run of a program.
   */
  readonly source?: {
    readonly file: string;
    readonly settings: { readonly [path: string]: unknown };
  };
  /** Absent for a run that belongs to no study. */
  readonly study?: StudyPlace;
  /** The run that this one is a control of (`clade run --control`). */
  readonly controlOf?: RunId;
  /**
   * The URL of the place that its checkpoints are in, without secrets. Absent where they lie
   * beside the store.
   */
  readonly checkpoints?: string;
  /**
   * The SHA-256 of each file that its trainer consists of, by the path from the experiment's
   * directory. Absent for a run of a program.
   */
  readonly code?: { readonly [file: string]: string };
}

/** What is known about an execution of a run and belongs to no member. */
export type RunNote =
  /** A job of a cluster's scheduler that was submitted to work on it. */
  | {
      readonly kind: "job";
      readonly scheduler: "slurm" | "kubernetes";
      readonly id: string;
      readonly submittedAt: number;
      /** Where the scheduler keeps it: a namespace, or a cluster's name. */
      readonly where?: string;
    }
  /** A worker joined although its code is not the run's. */
  | {
      readonly kind: "different-code";
      readonly worker: WorkerId;
      readonly joinedAt: number;
      readonly differences: readonly string[];
    }
  /** The checkpoint of the best model was read at the end of the run. */
  | {
      readonly kind: "best-model";
      readonly verifiedAt: number;
      /** The best by score or held-out metric. */
      readonly best: SnapshotId;
      /** The best whose checkpoint is whole; absent where none is. */
      readonly snapshot?: SnapshotId;
      /** Better ones, whose checkpoints are not whole. */
      readonly lost: readonly LostModel[];
    }
  | ActingNote;

/**
 * A worker tried whether hyperparameters act that are not read back; the first such note of a run
 * says that others need not.
 */
export interface ActingNote {
  readonly kind: "acting";
  readonly worker: WorkerId;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Absent while it tries, and where all of them act. */
  readonly found?: {
    /** Training steps with each value. */
    readonly steps: number;
    /** The scores were the same with both values. */
    readonly without: readonly {
      readonly name: string;
      readonly values: readonly [HyperparameterValue, HyperparameterValue];
    }[];
    readonly unproved: readonly { readonly name: string; readonly reason: string }[];
  };
}

/** A model whose checkpoint cannot be read. */
export interface LostModel {
  readonly snapshot: SnapshotId;
  readonly score?: number;
  /** What the checkpoint store said. */
  readonly why: string;
}

export interface Run extends NewRun {
  /** Unix time in milliseconds. */
  readonly createdAt: number;
  readonly state: RunState;
  /** The trained snapshot with the best score so far. */
  readonly best?: SnapshotId;
  /**
   * Time in which somebody worked on it before `runningSince`, and since when somebody works on it
   * now; milliseconds. While nobody does, `runningSince` is absent.
   */
  readonly elapsedMs: number;
  readonly runningSince?: number;
}

/** A run of which `run` throws a `DamagedRowError`, and what can be read of it. */
export interface DamagedRun extends Pick<Run, "id" | "createdAt" | "state" | "checkpoints"> {
  /** The error's message. */
  readonly why: string;
}

export interface Runs {
  /**
   * Creates a run in the state `running`, with one member for each root snapshot. Throws
   * `RunExistsError`.
   */
  createRun(run: NewRun, roots: readonly Snapshot[]): Promise<Run>;
  /** Throws `RunNotFoundError`, and `DamagedRowError`, as every read does. */
  run(id: RunId): Promise<Run>;
  /** Those that can be read, oldest first. */
  runs(): Promise<readonly Run[]>;
  /** Those whose row is damaged, oldest first. They can be stopped and removed. */
  damagedRuns(): Promise<readonly DamagedRun[]>;
  /** Keeps a fact about the run. Throws `RunNotFoundError`. */
  note(id: RunId, note: RunNote): Promise<void>;
  /** Oldest first. */
  notes(id: RunId): Promise<readonly RunNote[]>;
  /** Removes a run and everything that was published in it. Workers of it find it ended. */
  removeRun(id: RunId): Promise<void>;
  /**
   * Makes the run claimable and gives failed members another chance. With an experiment, replaces
   * the run's; members are then finished or not as its steps per member say. Stopped ones stay so.
   * A run without an active member ends at once.
   */
  resume(id: RunId, experiment?: Pick<NewRun, "experiment" | "source">): Promise<void>;
  /**
   * Ends claims and publications; workers notice at the next renewal. A run that is done or has
   * failed stays so.
   */
  stop(id: RunId): Promise<void>;
}

/** How long somebody has worked on a run, in milliseconds. */
export function elapsedMs(run: Pick<Run, "elapsedMs" | "runningSince">, now: number): number {
  return (
    run.elapsedMs + (run.runningSince === undefined ? 0 : Math.max(0, now - run.runningSince))
  );
}
