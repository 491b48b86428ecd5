import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Thread } from "./web-thread.ts";

/** Starts a thread of this process that serves the experiment that a module exports. */
export function nodeThread(module: string | URL): Thread {
  const script = new URL(`./node-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(script, { workerData: { module: String(module) } });
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive) => worker.on("message", receive),
    onEnd(ended) {
      worker.on("error", (error) => ended(error as Error));
      worker.on("exit", (code) => ended(new Error(`it ended with exit code ${code}`)));
    },
    terminate: () => worker.terminate(),
  };
}
