import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Thread } from "./web-thread.ts";

/** Starts a thread of this process that serves the experiment that a module exports. */
export function nodeThread(module: string | URL): Thread {
  const script = new URL(`./node-thread${extname(import.meta.url)}`, import.meta.url);
  const text = String(module);
  const url = URL.canParse(text) ? text : pathToFileURL(text).href;
  // A program that was given as text would be run again in each thread.
  const execArgv = process.execArgv.filter((word) => !word.startsWith("--input-type"));
  const worker = new Worker(script, { workerData: { module: url }, execArgv });
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
