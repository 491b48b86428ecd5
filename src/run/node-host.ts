import { hostname } from "node:os";
import { releaseDeadWorkers } from "../processes/dead-workers.ts";
import { sessionOf } from "../trainer/session-of.ts";
import type { Host } from "./program-options.ts";
import { nodeThread } from "./threads/node-threads.ts";

/** Other processes of this machine see by the name whether a worker is still alive. */
export const host: Host = {
  sessionOf,
  threadOf: nodeThread,
  releaseDead: releaseDeadWorkers,
  workerName: `${hostname()}:${process.pid}`,
};
