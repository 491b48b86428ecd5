/** The public API. */
export * from "./browser.ts";
export {
  type FilesystemCheckpointStore,
  filesystemCheckpointStore,
} from "./checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
export { postgresPopulationStore } from "./population-store/postgres/open.ts";
export { sqlitePopulationStore } from "./population-store/sqlite/sqlite-population-store.ts";
export { replay, run } from "./worker/in-node.ts";
