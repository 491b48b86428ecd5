/** The core in a page: its runs go on after a reload, in stores that last. */
export { indexedDbCheckpointStore } from "./checkpoint-store/indexed-db/indexed-db-checkpoints.ts";
export * from "./core.ts";
export { indexedDbPopulationStore } from "./population-store/indexed-db/indexed-db-populations.ts";
export { type CopiedWeights, LiveRun, type Stretch } from "./report/live/live-run.ts";
export { type LiveView, liveCurves, liveTree } from "./report/live/live-view.ts";
export { join, resume, run, runStudy, start } from "./run/in-page.ts";
