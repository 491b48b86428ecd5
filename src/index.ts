/** The public API. */

export { check } from "./check/check.ts";
export type { Finding } from "./check/finding.ts";
export {
  type FilesystemCheckpointStore,
  filesystemCheckpointStore,
} from "./checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
export { type CacheOptions, LocalCache } from "./checkpoint-store/objects/local-cache.ts";
export {
  type ObjectCheckpointStore,
  objectCheckpointStore,
} from "./checkpoint-store/objects/object-checkpoint-store.ts";
export {
  MissingObjectError,
  type ObjectSource,
  type ObjectStorage,
  type StoredObject,
} from "./checkpoint-store/objects/object-storage.ts";
export { checkpointsAt } from "./checkpoint-store/open.ts";
export * from "./core.ts";
export { postgresPopulationStore } from "./population-store/postgres/open.ts";
export { sqlitePopulationStore } from "./population-store/sqlite/sqlite-population-store.ts";
export { join, replay, resume, run, runStudy, start } from "./run/in-node.ts";
