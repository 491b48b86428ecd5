import { existsSync } from "node:fs";
import { join } from "node:path";
import { CladeError } from "../algorithm/clade-error.ts";
import type { ObjectCheckpointStore } from "../checkpoint-store/objects/object-checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Run, WorkerId } from "../population-store/population-store.ts";
import { sessionOf } from "../trainer/session-of.ts";
import { ownFirstLeaseMs, ownWorkerId, tellLastWords } from "../worker/local-workers.ts";
import { startWatchdog } from "../worker/watchdog/watchdog.ts";
import { work } from "../worker/worker.ts";
import { clade } from "./clade-command.ts";
import { exitCodes } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import { openStores, type StoreOptions, type Stores } from "./open-store.ts";
import { experimentOf, indented, sourceOf } from "./run-source.ts";
import { refuseDifferentCode } from "./same-code.ts";

interface Options extends StoreOptions {
  readonly check?: boolean;
  readonly local?: boolean;
  readonly experiment?: string;
  readonly allowDifferentCode?: boolean;
  readonly patience?: number;
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
  // Before the experiment is loaded, which runs code of the user.
  const watchdog = options.local ? startWatchdog() : undefined;
  await using stores = await openStores(options, options.check ? {} : { tellWaiting: console.error });
  const run = await findRun(stores.population, name, "work");
  if (run.state.kind !== "running") {
    console.log(`run ${run.id}: is ${run.state.kind}, so there is nothing to do; see ${clade} resume --help`);
    return;
  }
  const worker = ownWorkerId();
  const experiment = await sameExperiment(stores, run, worker, options);
  if (run.checkpoints === undefined) await refuseWithoutDirectory(stores, run);
  await using checkpointStore = await stores.checkpoints(run);
  if ("isSigned" in checkpointStore) await refuseUnsigned(run, checkpointStore);
  if (options.check) {
    console.log(`run ${run.id}: this machine can work on it`);
    return;
  }
  if (!options.local) console.log(`working on run ${run.id}; Ctrl-C leaves`);
  const setAside = await work({
    worker,
    run,
    experiment,
    populationStore: stores.population,
    checkpointStore,
    session: sessionOf(experiment.trainer, {
      logDirectory: join(stores.logDirectory, run.id),
      stepTimeoutSeconds: experiment.stepTimeoutSeconds,
    }),
    device: process.env.CUDA_VISIBLE_DEVICES,
    patienceMs: options.patience === undefined ? undefined : 1000 * options.patience,
    tell: (line) => console.error(`worker ${worker}: ${line}`),
    firstLeaseMs: ownFirstLeaseMs(),
    ...watchdog,
    signal: leaving(options.local ?? false),
  });
  if (options.local) {
    if (setAside !== undefined) process.exitCode = exitCodes.setAside;
    return;
  }
  if (setAside !== undefined) {
    const remedy = `when the cause is mended, start it again with: ${clade} worker ${run.id}`;
    throw new CladeError(`run ${run.id}: everything failed on this worker (${setAside}); ${remedy}`);
  }
  const { state } = await stores.population.run(run.id);
  if (state.kind === "failed") throw new CladeError(`run ${run.id}: has failed: ${state.reason}`);
}

/** A scheduler may signal a job's script, which passes it on, and the worker, too: that asks once. */
const sameSignalMs = 500;

/** Aborts when this worker is asked to leave: by the end of the process that started it, or by a signal. The second signal leaves at once. */
function leaving(local: boolean): AbortSignal {
  const leave = new AbortController();
  if (local) process.once("disconnect", () => leave.abort());
  if (local && !process.connected) leave.abort();
  let askedAt = Number.POSITIVE_INFINITY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (performance.now() - askedAt > sameSignalMs) process.exit(exitCodes.interrupted);
      askedAt = Math.min(askedAt, performance.now());
      process.exitCode = exitCodes.interrupted;
      leave.abort();
    });
  }
  return leave.signal;
}

/** The experiment, if it is the run's and consists of the same files; another only where that is allowed, which is kept with the run. */
async function sameExperiment(
  stores: Stores,
  run: Run,
  worker: WorkerId,
  { experiment: file, allowDifferentCode, check }: Options,
): Promise<Experiment> {
  const known = sourceOf(run);
  const source = file === undefined ? known : { ...known, file };
  const experiment = await experimentOf(source);
  const different = refuseDifferentCode(run, experiment, source.file, allowDifferentCode);
  if (different.length === 0) return experiment;
  console.log(`works with code that is not that of the run:${indented(different)}`);
  if (check) return experiment;
  await stores.population.note(run.id, {
    kind: "different-code",
    worker,
    joinedAt: Date.now(),
    differences: different,
  });
  return experiment;
}

/** A worker that does not see what the others saved would take every member back to what it was at the beginning. */
async function refuseUnsigned(run: Run, checkpoints: ObjectCheckpointStore): Promise<void> {
  if (await checkpoints.isSigned()) return;
  const remedy = "mount it here, or say with --checkpoints where this machine sees it";
  throw new CladeError(
    `run ${run.id}: its checkpoints are not in ${checkpoints.shown} as this machine sees it; ${remedy}`,
  );
}

async function refuseWithoutDirectory({ population, localDirectory }: Stores, run: Run): Promise<void> {
  const directory = localDirectory(run.id);
  if (existsSync(directory)) return;
  const members = await population.members(run.id);
  if (members.every(({ newest }) => newest.checkpoint === undefined)) return;
  const remedy =
    "start the worker in the directory where the run was started, on a file system that both machines see";
  throw new CladeError(`run ${run.id}: its checkpoints are not in ${directory}; ${remedy}`);
}
