/**
 * The contract of a population store: the one thing, besides checkpoints, that workers share.
 * Every method is atomic across processes. A store holds any number of runs. Stores pass
 * `populationStoreConformance` of `clade/testing`.
 */
import { CladeError } from "../algorithm/clade-error.ts";
import type { Decision } from "../algorithm/population-based-training.ts";
import type {
  CheckpointId,
  HyperparameterValue,
  Snapshot,
  SnapshotId,
  TreeSnapshot,
} from "../algorithm/snapshot.ts";
import type { ExperimentDescription } from "../experiment/experiment.ts";
import type { DecisionCounts, DecisionQuery } from "./decisions.ts";
import type { Failure } from "./failure.ts";
import type { RunWorker, WorkerState } from "./run-worker.ts";

export type { Blamed, Failure, FailureCause, Phase } from "./failure.ts";
export type { RunWorker, WorkerState } from "./run-worker.ts";

export type RunId = string & { readonly __brand: "RunId" };

/** Names a worker process: `host:pid:random`. */
export type WorkerId = string & { readonly __brand: "WorkerId" };

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

/**
 * `finished` has spent its budget and goes on with a larger one; `stopped` was ended by its
 * strategy and never goes on.
 */
export type MemberState = "active" | "finished" | "stopped" | "failed";

export interface Member {
  readonly member: number;
  readonly state: MemberState;
  readonly newest: Snapshot;
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

export type ClaimResult =
  | { readonly kind: "claimed"; readonly claim: Claim }
  /** Every member is leased, finished, or waits for the others. */
  | { readonly kind: "wait" }
  /** The run is not running any more. */
  | { readonly kind: "ended" };

/** What a worker appends for its member in one transaction. */
export interface Publication {
  /** In order. May be empty. */
  readonly snapshots: readonly Snapshot[];
  readonly decision?: Decision;
  readonly member: MemberState;
  /**
   * Keeps the claim and the count of failures, so that the worker may go on; otherwise the member
   * is free at once.
   */
  readonly keepClaim?: boolean;
  /** The last snapshot awaits the decision of its generation. */
  readonly undecided?: boolean;
  /**
   * The last snapshot, when it has the best score that its worker knows of. The run's best stays
   * if it is as good (`isBetterModel`).
   */
  readonly best?: SnapshotId;
  /**
   * Why the run is done, when this finishes the last active member; "every member has spent its
   * budget" when left out.
   */
  readonly reason?: string;
  /** Ends the whole run. */
  readonly ending?: string;
  /**
   * The worker goes on with another member, and claims it next in this way: a store may do so at
   * once, and spares it a message.
   */
  readonly next?: { readonly leaseMs: number; readonly warm: number };
}

/** A snapshot with when and by whom it was published: facts of one execution, not of the tree. */
export interface PublishedSnapshot extends Snapshot {
  readonly publishedAt: number;
  readonly worker?: WorkerId;
}

/** A place in the history of a run. It only grows. */
export interface Cursor {
  readonly snapshots: number;
  readonly decisions: number;
  readonly failures: number;
}

export const start: Cursor = { snapshots: 0, decisions: 0, failures: 0 };

export interface Changes {
  readonly snapshots: readonly PublishedSnapshot[];
  readonly decisions: readonly Decision[];
  readonly failures: readonly Failure[];
  readonly cursor: Cursor;
}

export interface PopulationStore extends AsyncDisposable {
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

  /**
   * Claims the free active member with the fewest generations; among equals the one that is `warm`
   * in the worker. In a synchronous run only members that wait for nobody can be claimed.
   */
  claimMember(id: RunId, worker: WorkerId, leaseMs: number, warm?: number): Promise<ClaimResult>;
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
   * Reads the snapshots with scores of their own (`isEarned`) that were published after `since`,
   * asks `decide` (synchronous) what to append, and appends it in one transaction. Throws
   * `LeaseLostError`, and changes nothing, when the claim is no longer valid or the run is not
   * running. Resolves the place up to which `decide` has seen the history. After
   * `Number.MAX_SAFE_INTEGER` there is nothing to read. `decide` is asked again, with what is new,
   * when the checkpoint that it copies was replaced meanwhile, and might be collected.
   */
  publish(
    claim: Claim,
    since: number,
    decide: (changes: readonly Snapshot[]) => Publication,
  ): Promise<number>;
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
  counts(
    id: RunId,
  ): Promise<{ readonly snapshots: number; readonly copies: number; readonly failures: number }>;
  /**
   * Each member's newest snapshot with a score of its own (`isEarned`), and the place in the
   * history that this stands for.
   */
  present(
    id: RunId,
  ): Promise<{ readonly snapshots: readonly Snapshot[]; readonly cursor: number }>;
  /**
   * Each member's trained snapshot of a generation, or of its last before: what a decision about
   * that generation sees.
   */
  generation(id: RunId, generation: number): Promise<readonly Snapshot[]>;
  /** A member's snapshots, newest first. */
  history(id: RunId, member: number): AsyncIterable<Snapshot>;
  /** Throws `SnapshotNotFoundError`. */
  snapshot(id: RunId, snapshot: SnapshotId): Promise<Snapshot>;
  /** Newest first. What is decided after the first one is asked for is left out. */
  decisions(id: RunId, query?: DecisionQuery): AsyncIterable<Decision>;
  /** How many decisions of each kind there are; kinds without any may be absent. */
  decisionCounts(id: RunId): Promise<DecisionCounts>;
  /** What was published after a place, oldest first, at most `limit` of each kind. */
  changes(id: RunId, after: Cursor, limit?: number): Promise<Changes>;
  /**
   * What figures need of every snapshot, in the order of publication, in pages. Each page is a
   * read of its own, so that no read of a long run holds up those who publish. Snapshots may share
   * equal hyperparameters.
   */
  tree(id: RunId): AsyncIterable<readonly TreeSnapshot[]>;
  /** The place after everything that is published now. */
  end(id: RunId): Promise<Cursor>;
  /**
   * A mark that differs after every change. It is taken before looking, so that no change falls
   * between looking and waiting.
   */
  mark(): string;
  /** Resolves when the mark is no longer the one that was seen, or after the time. */
  waitForChange(seen: string, timeoutMs: number, signal?: AbortSignal): Promise<void>;

  /**
   * Protects a checkpoint that a claim is about to publish. Throws `LeaseLostError`. A new
   * reservation replaces the claim's last.
   */
  reserveCheckpoint(claim: Claim, checkpoint: CheckpointId): Promise<void>;
  /**
   * Takes the turn to collect: true if something was published since the last turn, which is at
   * least `restMs` ago.
   */
  takeCollection(id: RunId, restMs: number): Promise<boolean>;
  /** Protects a checkpoint for as long as the name stands. */
  pin(id: RunId, name: string, checkpoint: CheckpointId): Promise<void>;
  unpin(id: RunId, name: string): Promise<void>;
  /**
   * Calls `sweep` with every checkpoint that must stay, while nobody can reserve, publish or pin:
   * of each member the newest snapshot's, that of `present`, and the two last trained ones' (the
   * older is the fallback); the best, the reserved and the pinned.
   */
  collect(id: RunId, sweep: (live: ReadonlySet<CheckpointId>) => void): Promise<void>;
}

export class RunNotFoundError extends CladeError {}
export class SnapshotNotFoundError extends CladeError {}
/** A row of the store cannot be read. The message names it, and the way out. */
export class DamagedRowError extends CladeError {}
/** The store has a run of that id already. */
export class RunExistsError extends CladeError {}
/**
 * The member was claimed by another worker, or the run ended: what this worker did since its last
 * publication is dropped.
 */
export class LeaseLostError extends CladeError {}
/** The store was written by a newer version, or is no store at all. It has not been touched. */
export class StoreVersionError extends CladeError {}

/** How long somebody has worked on a run, in milliseconds. */
export function elapsedMs(run: Pick<Run, "elapsedMs" | "runningSince">, now: number): number {
  return (
    run.elapsedMs + (run.runningSince === undefined ? 0 : Math.max(0, now - run.runningSince))
  );
}

/** The id of a new run is that of another. */
export function idTaken(id: RunId): RunExistsError {
  return new RunExistsError(`run ${id}: is in the store already; give the new run another id`);
}

/** A lease is lost for one of these reasons. */
export function leaseLost(claim: Claim, why: string): LeaseLostError {
  return new LeaseLostError(
    `member ${claim.member} of ${claim.run}: ${why}; the generation is dropped`,
  );
}
