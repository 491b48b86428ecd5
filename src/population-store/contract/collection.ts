/** Which checkpoints stay. */
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import type { RunId } from "./ids.ts";

export interface Collection {
  /**
   * Takes the turn to collect. Resolves true if something was published since the last turn, and
   * that turn was at least `restMs` ago.
   */
  takeCollection(id: RunId, restMs: number): Promise<boolean>;
  /** Protects a checkpoint until the name is unpinned. */
  pin(id: RunId, name: string, checkpoint: CheckpointId): Promise<void>;
  unpin(id: RunId, name: string): Promise<void>;
  /**
   * Calls `sweep` with every checkpoint that must stay. Meanwhile no worker can reserve, publish
   * or pin. For each member these are the checkpoints of the newest snapshot, of `present`, and of
   * the last two trained snapshots (the older is the fallback). The best, the reserved and the
   * pinned checkpoints stay, too.
   */
  collect(id: RunId, sweep: (live: ReadonlySet<CheckpointId>) => void): Promise<void>;
}
