import { fileURLToPath } from "node:url";
import type { Run } from "../../population-store/population-store.ts";
import type { LocalWorkersOptions } from "../../processes/local-workers.ts";
import type { WorkerProcesses } from "../../processes/worker-processes.ts";
import { collect } from "../../worker/collector.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { patienceWords } from "../options/worker-options.ts";
import type { Stores } from "../runs/open-store.ts";

/**
 * What `startLocalWorkers` needs to start workers on a run, with more words for the command line
 * of each.
 */
export function localWorkers(
  { cwd, env, warn }: Context,
  stores: Stores,
  run: Run,
  workers: WorkerProcesses,
  more: (index: number) => readonly string[],
): LocalWorkersOptions {
  const { patienceSeconds } = workers;
  const words = [
    ...(stores.seenAt === undefined ? [] : ["--checkpoints", stores.seenAt]),
    ...patienceWords(patienceSeconds),
  ];
  return {
    ...workers,
    environment: (index) => ({ ...workers.environment(index), CLADE_STORE: stores.url }),
    run: run.id,
    populationStore: stores.population,
    command: {
      file: fileURLToPath(new URL("../../../bin/start.js", import.meta.url)),
      arguments: (index) => ["worker", run.id, "--local", ...words, ...more(index)],
      cwd,
      env,
    },
    warn,
    async removeLeftOvers() {
      await using checkpoints = await stores.checkpoints(run);
      await collect(stores.population, checkpoints, run.id);
    },
    interruptedCode: exitCodes.interrupted,
    setAsideCode: exitCodes.setAside,
  };
}
