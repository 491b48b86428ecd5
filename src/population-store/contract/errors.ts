import { CladeError } from "../../algorithm/clade-error.ts";
import type { SnapshotId } from "../../algorithm/snapshot.ts";
import type { Claim } from "./claim.ts";
import type { RunId } from "./ids.ts";

/** The store has no run with that id. */
export class RunNotFoundError extends CladeError {}
/** The run has no snapshot with that id. */
export class SnapshotNotFoundError extends CladeError {}
/** A row of the store cannot be read. The message names the row and the remedy. */
export class DamagedRowError extends CladeError {}
/** The store already has a run with that id. */
export class RunExistsError extends CladeError {}
/**
 * Another worker claimed the member, or the run ended. What this worker did since its last
 * publication is discarded.
 */
export class LeaseLostError extends CladeError {}

export function runNotFound(id: RunId): RunNotFoundError {
  return new RunNotFoundError(`run ${id}: is not in the store; list the runs to see which are`);
}

export function snapshotNotFound(id: RunId, snapshot: SnapshotId): SnapshotNotFoundError {
  return new SnapshotNotFoundError(
    `snapshot ${snapshot}: is not in run ${id}; show the run to see which are`,
  );
}

/** The id of a new run is already taken. */
export function idTaken(id: RunId): RunExistsError {
  return new RunExistsError(
    `run ${id}: already exists in this store; give the new run another id`,
  );
}

/** A lease is lost for one of these reasons. */
export function leaseLost(claim: Claim, why: string): LeaseLostError {
  return new LeaseLostError(
    `member ${claim.member} of ${claim.run}: ${why}; the generation is dropped`,
  );
}
