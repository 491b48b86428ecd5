/**
 * What a store, a trainer or a strategy of your own must pass: lists of named cases for any test
 * framework, or none, in Node or in a browser.
 */
export type { ConformanceCase } from "./assert.ts";
export {
  type CheckpointStoreOptions,
  checkpointStoreConformance,
} from "./checkpoint-store-conformance.ts";
export { exploitConformance } from "./exploit-conformance.ts";
export { exploreConformance } from "./explore-conformance.ts";
export {
  type OpenPopulationStore,
  populationStoreConformance,
} from "./population-store-conformance.ts";
export { type ReadyOptions, readyConformance } from "./ready-conformance.ts";
export {
  type TrainerSessionOptions,
  trainerSessionConformance,
} from "./trainer-session-conformance.ts";
