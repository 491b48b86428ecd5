import type { CheckpointId, SnapshotId } from "../../src/algorithm/snapshot.ts";
import type { RunId, WorkerId } from "../../src/population-store/population-store.ts";

/** What a worker process is told. */
export interface Task {
  readonly run: RunId;
  readonly worker: WorkerId;
  /** The URL of the place for checkpoints. */
  readonly checkpoints: string;
  /** A directory of the worker's machine. */
  readonly cache: string;
  readonly trainer: "in this process" | "command";
  readonly leaseMs: number;
  readonly settleMs: number;
}

/** What a worker process tells. */
export type Told =
  /** By its own clock. */
  | { readonly kind: "working"; readonly at: number }
  | { readonly kind: "claimed"; readonly member: number; readonly fencingToken: number }
  | {
      readonly kind: "published";
      readonly snapshots: readonly {
        readonly id: SnapshotId;
        readonly checkpoint?: CheckpointId;
      }[];
    };
