/**
 * The contract of a population store. Apart from checkpoints it is all that workers share. Every
 * method is atomic across processes. A store holds any number of runs. Stores pass
 * `populationStoreConformance` of `clade/testing`.
 */
import type { Collection } from "./contract/collection.ts";
import type { History } from "./contract/history.ts";
import type { Members } from "./contract/members.ts";
import type { Publications } from "./contract/publications.ts";
import type { Runs } from "./contract/runs.ts";

export { StoreVersionError } from "../database/store-version-error.ts";
export * from "./contract/claim.ts";
export * from "./contract/errors.ts";
export * from "./contract/history.ts";
export * from "./contract/ids.ts";
export * from "./contract/members.ts";
export * from "./contract/publications.ts";
export * from "./contract/runs.ts";
export type { Blamed, Failure, FailureCause, Phase } from "./failure.ts";
export type { RunWorker, WorkerState } from "./run-worker.ts";

/**
 * Where runs, their members and everything that these publish are kept. Stores pass
 * `populationStoreConformance` of `clade/testing`.
 */
export interface PopulationStore
  extends Runs,
    Members,
    Publications,
    History,
    Collection,
    AsyncDisposable {}
