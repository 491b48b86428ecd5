/** Runs: what is executed, and how far it has got. */
import type { HyperparameterValue, Snapshot, SnapshotId } from "../../algorithm/snapshot.ts";
import type { ExperimentDescription } from "../../experiment/experiment.ts";
import type { RunId, WorkerId } from "./ids.ts";

/** Whether a run may be worked on, and how it has ended. */
export type RunState =
  /** Workers may claim members. The store does not know whether there are any workers. */
  | { readonly kind: "running" }
  | { readonly kind: "stopped" }
  | { readonly kind: "done"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** The place of a run in a study: the variant that it executes. The seed is the run's. */
export interface StudyPlace {
  readonly name: string;
  /** Names the variant within the study, such as "pbt population=10". */
  readonly variant: string;
  /** The variant without its point on the study's grid, such as "pbt" or "random-search". */
  readonly method: string;
  /** The settings from the grid, by path. */
  readonly point: { readonly [path: string]: unknown };
  /** The method that the others are compared with. */
  readonly baseline?: string;
}

/** What a run is created with, which never changes but by a resume. */
export interface NewRun {
  readonly id: RunId;
  readonly seed: number;
  readonly experiment: ExperimentDescription;
  /**
   * The experiment file that workers load, and the settings changed for this run. Absent for a run
   * started by a program.
   */
  readonly source?: {
    readonly file: string;
    readonly settings: { readonly [path: string]: unknown };
    /** How many workers and which GPUs were asked for, which a resumption keeps. */
    readonly resources?: { readonly [option: string]: unknown };
  };
  /** Absent for a run that belongs to no study. */
  readonly study?: StudyPlace;
  /** The run that this one is a control of (`clade run --control`). */
  readonly controlOf?: RunId;
  /** The URL of its checkpoints, without secrets. Absent if they are stored beside the store. */
  readonly checkpoints?: string;
  /**
   * The SHA-256 of each file of its trainer, by the path from the experiment's directory. Absent
   * for a run started by a program.
   */
  readonly code?: { readonly [file: string]: string };
}

/** Facts about the execution of a run that belong to no member. */
export type RunNote =
  /** A job that was submitted to a cluster's scheduler for this run. */
  | {
      readonly kind: "job";
      readonly scheduler: "slurm" | "kubernetes";
      readonly id: string;
      readonly submittedAt: number;
      /** Its place in the scheduler: a namespace, or a cluster's name. */
      readonly where?: string;
    }
  /** A worker joined with code that differs from the run's. */
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
      /** The best model with a whole checkpoint; absent if there is none. */
      readonly snapshot?: SnapshotId;
      /** Better models whose checkpoints are not whole. */
      readonly lost: readonly LostModel[];
    }
  | ActingNote;

/**
 * A worker tested whether hyperparameters that are not read back have an effect. After the first
 * such note of a run other workers do not test it again.
 */
export interface ActingNote {
  readonly kind: "acting";
  readonly worker: WorkerId;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Absent during the test, and if all of them have an effect. */
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

/** A run as a reader sees it. */
export interface Run extends NewRun {
  /** Unix time in milliseconds. */
  readonly createdAt: number;
  readonly state: RunState;
  /** The trained snapshot with the best score so far. */
  readonly best?: SnapshotId;
  /**
   * Milliseconds of work before `runningSince`, and the time since when workers have been working
   * on it without a pause. While no worker does, `runningSince` is absent.
   */
  readonly elapsedMs: number;
  readonly runningSince?: number;
}

/** What can be read of a run for which `run` throws a `DamagedRowError`. */
export interface DamagedRun extends Pick<Run, "id" | "createdAt" | "state" | "checkpoints"> {
  /** The error's message. */
  readonly why: string;
}

export interface Runs {
  /**
   * Creates a run in the state `running`, with one member per root snapshot. Throws
   * `RunExistsError`.
   */
  createRun(run: NewRun, roots: readonly Snapshot[]): Promise<Run>;
  /** Throws `RunNotFoundError`, and `DamagedRowError`, as every read does. */
  run(id: RunId): Promise<Run>;
  /** Those that can be read, oldest first. */
  runs(): Promise<readonly Run[]>;
  /** Those whose row is damaged, oldest first. They can be stopped and removed. */
  damagedRuns(): Promise<readonly DamagedRun[]>;
  /** Records a fact about the run. Throws `RunNotFoundError`. */
  note(id: RunId, note: RunNote): Promise<void>;
  /** Oldest first. */
  notes(id: RunId): Promise<readonly RunNote[]>;
  /** Removes a run and everything published in it. Its workers find it ended. */
  removeRun(id: RunId): Promise<void>;
  /**
   * Makes the run claimable and gives failed members another chance. A given experiment replaces
   * the run's, and its steps per member decide which members are finished. Stopped members stay
   * stopped. A run without an active member ends at once.
   */
  resume(id: RunId, experiment?: Pick<NewRun, "experiment" | "source">): Promise<void>;
  /**
   * Ends claims and publications. Workers notice at the next renewal. A run that is done or has
   * failed keeps its state.
   */
  stop(id: RunId): Promise<void>;
}

/** How long workers have worked on a run, in milliseconds. */
export function elapsedMs(run: Pick<Run, "elapsedMs" | "runningSince">, now: number): number {
  return (
    run.elapsedMs + (run.runningSince === undefined ? 0 : Math.max(0, now - run.runningSince))
  );
}
