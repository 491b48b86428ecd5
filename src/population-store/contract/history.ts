/** Reads of what was published. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import type {
  Hyperparameters,
  Snapshot,
  SnapshotId,
  TreeSnapshot,
} from "../../algorithm/snapshot.ts";
import type { DecisionCounts, DecisionQuery } from "../decisions.ts";
import type { Failure } from "../failure.ts";
import type { RunId, WorkerId } from "./ids.ts";

/**
 * A snapshot with the time and the worker of its publication, which are facts of one execution and
 * not of the tree.
 */
export interface PublishedSnapshot<H = Hyperparameters, M extends string = string>
  extends Snapshot<H, M> {
  readonly publishedAt: number;
  readonly worker?: WorkerId;
}

/** A place in the history of a run. It only grows. */
export interface Cursor {
  readonly snapshots: number;
  readonly decisions: number;
  readonly failures: number;
}

/** The place before everything that was published. */
export const beginning: Cursor = { snapshots: 0, decisions: 0, failures: 0 };

/** What was published in a run after a place, and the place after it. */
export interface Changes {
  readonly snapshots: readonly PublishedSnapshot[];
  readonly decisions: readonly Decision[];
  readonly failures: readonly Failure[];
  readonly cursor: Cursor;
}

export interface History {
  counts(
    id: RunId,
  ): Promise<{ readonly snapshots: number; readonly copies: number; readonly failures: number }>;
  /** A member's snapshots, newest first. */
  history(id: RunId, member: number): AsyncIterable<Snapshot>;
  /** Throws `SnapshotNotFoundError`. */
  snapshot(id: RunId, snapshot: SnapshotId): Promise<Snapshot>;
  /** Newest first. Decisions made after the first one is read are left out. */
  decisions(id: RunId, query?: DecisionQuery): AsyncIterable<Decision>;
  /** The number of decisions of each kind. A kind without decisions may be absent. */
  decisionCounts(id: RunId): Promise<DecisionCounts>;
  /** What was published after a place, oldest first, at most `limit` of each kind. */
  changes(id: RunId, after: Cursor, limit?: number): Promise<Changes>;
  /**
   * The parts of every snapshot that figures need, in the order of publication, in pages. Each
   * page is a separate read, so reading a long run does not block publications. Snapshots may
   * share equal hyperparameters.
   */
  tree(id: RunId): AsyncIterable<readonly TreeSnapshot[]>;
  /** The place after everything that is published now. */
  end(id: RunId): Promise<Cursor>;
  /**
   * A mark that differs after every change. Take it before looking, so that no change is missed
   * between looking and waiting.
   */
  mark(): string;
  /** Resolves when the mark differs from the one that was seen, or after the time. */
  waitForChange(seen: string, timeoutMs: number, signal?: AbortSignal): Promise<void>;
}
