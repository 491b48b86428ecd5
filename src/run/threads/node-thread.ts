/** The thread that `node-threads.ts` starts: serves the experiment that a module exports. */
import { parentPort, workerData } from "node:worker_threads";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { serve } from "./thread.ts";

const { module } = workerData as { readonly module: string };

serve(
  {
    post: (message) => parentPort!.postMessage(message),
    listen: (receive) => parentPort!.on("message", receive),
  },
  async () => {
    const loaded = (await import(module)) as { readonly default?: Experiment };
    if (loaded.default?.declaration) return loaded.default;
    throw new CladeError(`${module}: exports no experiment; let it export one as its default`);
  },
);
