import { existsSync } from "node:fs";
import { join } from "node:path";
import { CladeError } from "../algorithm/clade-error.ts";
import type { Run } from "../population-store/population-store.ts";
import { sessionOf } from "../trainer/session-of.ts";
import { tellLastWords, workerId } from "../worker/local-workers.ts";
import { work } from "../worker/worker.ts";
import { clade } from "./clade-command.ts";
import { exitCodes } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { openStores, type Stores } from "./open-store.ts";
import { experimentOf, refuseIfDifferent, sourceOf } from "./run-source.ts";

interface Options {
  readonly store?: string;
  readonly local?: boolean;
}

export async function workerCommand(name: string | undefined, options: Options): Promise<void> {
  try {
    await joinRun(name, options);
  } catch (error) {
    if (options.local) await tellLastWords(error);
    throw error;
  }
}

async function joinRun(name: string | undefined, options: Options): Promise<void> {
  await using stores = await openStores(options.store, { tellWaiting: console.error });
  const run = await findRun(stores.population, name);
  const source = sourceOf(run);
  const experiment = await experimentOf(source);
  refuseIfDifferent(run, experiment);
  if (run.state.kind !== "running") {
    console.log(`run ${run.id}: is ${run.state.kind}, so there is nothing to do; see ${clade} resume --help`);
    return;
  }
  await refuseWithoutCheckpoints(stores, run);
  if (!options.local) console.log(`working on run ${run.id}; Ctrl-C leaves`);
  await using checkpointStore = stores.checkpoints(run.id);
  await work({
    worker: workerId(process.pid),
    run,
    experiment,
    populationStore: stores.population,
    checkpointStore,
    session: sessionOf(experiment.trainer, { logDirectory: join(stores.logDirectory, run.id) }),
    signal: leaving(options.local ?? false),
  });
}

/** Aborts when this worker is asked to leave: by the end of the process that started it, or by a signal. The second signal leaves at once. */
function leaving(local: boolean): AbortSignal {
  const leave = new AbortController();
  if (local) process.once("disconnect", () => leave.abort());
  if (local && !process.connected) leave.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (leave.signal.aborted) process.exit(exitCodes.interrupted);
      process.exitCode = exitCodes.interrupted;
      leave.abort();
    });
  }
  return leave.signal;
}

/** A worker that does not see what the others saved would take every member back to what it was at the beginning. */
async function refuseWithoutCheckpoints(
  { population, checkpointDirectory }: Stores,
  run: Run,
): Promise<void> {
  const directory = checkpointDirectory(run.id);
  if (existsSync(directory)) return;
  const members = await population.members(run.id);
  if (members.every(({ newest }) => newest.checkpoint === undefined)) return;
  const remedy =
    "start the worker in the directory where the run was started, on a file system that both machines see";
  throw new CladeError(`run ${run.id}: its checkpoints are not in ${directory}; ${remedy}`);
}
