/** Which checkpoints stay. */
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import type { RunId } from "./ids.ts";

export interface Collection {
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
