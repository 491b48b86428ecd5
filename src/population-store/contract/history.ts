/** Reads of what was published. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import type { Snapshot, SnapshotId, TreeSnapshot } from "../../algorithm/snapshot.ts";
import type { DecisionCounts, DecisionQuery } from "../decisions.ts";
import type { Failure } from "../failure.ts";
import type { RunId, WorkerId } from "./ids.ts";

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

export interface History {
  counts(
    id: RunId,
  ): Promise<{ readonly snapshots: number; readonly copies: number; readonly failures: number }>;
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
}
