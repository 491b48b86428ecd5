/** What a store of your own must pass: lists of named cases for any test framework, or none. */
export type { ConformanceCase } from "./assert.ts";
export { checkpointDirectoriesConformance } from "./checkpoint-directories-conformance.ts";
export {
  type CheckpointStoreOptions,
  checkpointStoreConformance,
} from "./checkpoint-store-conformance.ts";
export {
  type ObjectStorageOptions,
  objectStorageConformance,
} from "./object-storage-conformance.ts";
export {
  type OpenPopulationStore,
  populationStoreConformance,
} from "./population-store-conformance.ts";
export {
  type TrainerSessionOptions,
  trainerSessionConformance,
} from "./trainer-session-conformance.ts";
