import type { Experiment } from "../../experiment/experiment.ts";
import { serve } from "./thread.ts";
import type { WebWorker } from "./web-thread.ts";

/**
 * The script of a Web Worker that is a thread of a program in a page: call it with the experiment
 * that the program runs.
 */
export function serveExperiment<H, M extends string, S, T>(
  experiment: Experiment<H, M, S, T>,
): void {
  const self = globalThis as unknown as WebWorker;
  serve(
    {
      post: (message) => self.postMessage(message),
      listen: (receive) => self.addEventListener("message", ({ data }) => receive(data)),
    },
    async () => experiment as unknown as Experiment,
  );
}
