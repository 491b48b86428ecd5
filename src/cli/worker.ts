import { isDeepStrictEqual } from "node:util";
import { CladeError } from "../algorithm/clade-error.ts";
import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import type { Run } from "../population-store/population-store.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { workerId } from "../worker/local-workers.ts";
import { work } from "../worker/worker.ts";
import { exitCodes } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { loadExperiment } from "./load-experiment.ts";
import { openStores } from "./open-store.ts";
import { sourceOf } from "./resume.ts";

export async function workerCommand(
  name: string | undefined,
  options: { readonly store?: string; readonly local?: boolean },
): Promise<void> {
  await using stores = openStores(options.store);
  const run = await findRun(stores.population, name);
  const source = sourceOf(run);
  const experiment = await loadExperiment(source.file, source.settings);
  refuseIfDifferent(run, experiment);
  if (run.state.kind !== "running") {
    console.log(`run ${run.id}: is ${run.state.kind}; clade resume ${run.id} goes on with it`);
    return;
  }
  if (!options.local) console.log(`working on run ${run.id}; Ctrl-C leaves`);
  await work({
    worker: workerId(process.pid),
    run,
    experiment,
    populationStore: stores.population,
    checkpointStore: stores.checkpoints(run.id),
    session: inProcessSession(experiment.trainer),
    signal: leaving(options.local ?? false),
  });
  // A trainer may leave timers or handles behind that would keep this process.
  process.exit(process.exitCode ?? exitCodes.done);
}

/** Aborts when this worker is asked to leave: by the end of the process that started it, or by a signal. The second signal leaves at once. */
function leaving(local: boolean): AbortSignal {
  const leave = new AbortController();
  if (local) process.once("disconnect", () => leave.abort());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (leave.signal.aborted) process.exit(exitCodes.interrupted);
      process.exitCode = exitCodes.interrupted;
      leave.abort();
    });
  }
  return leave.signal;
}

/** The experiment file may have been edited since the run began: its members would then be trained by different rules. */
function refuseIfDifferent(run: Run, experiment: Experiment): void {
  const now = JSON.parse(JSON.stringify(describeExperiment(experiment))) as Record<string, unknown>;
  const then = run.experiment as unknown as Record<string, unknown>;
  const different = Object.keys(now).filter((key) => !isDeepStrictEqual(now[key], then[key]));
  if (different.length === 0) return;
  const shown = different.map(
    (key) => `\n  ${key}: ${JSON.stringify(then[key])} in the run, ${JSON.stringify(now[key])} in the file`,
  );
  throw new CladeError(
    `run ${run.id}: the experiment file has changed since the run began; undo the change, or start a new run:${shown.join("")}`,
  );
}
