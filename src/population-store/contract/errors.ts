import { CladeError } from "../../algorithm/clade-error.ts";
import type { Claim } from "./claim.ts";
import type { RunId } from "./ids.ts";

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

/** The id of a new run is that of another. */
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
