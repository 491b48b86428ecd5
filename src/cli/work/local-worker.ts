/**
 * A worker process that another of this machine has started, and that leaves when that one does.
 */
import { join } from "node:path";
import { startWatchdog } from "../../processes/watchdog/watchdog.ts";
import {
  ownFirstLeaseMs,
  ownHang,
  ownWorkerId,
  tellLastWords,
} from "../../processes/worker-variables.ts";
import { sessionOf } from "../../trainer/session-of.ts";
import { work } from "../../worker/worker.ts";
import { exitCodes } from "../exit-codes.ts";
import { tellWork } from "../printing/worker-lines.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type StoreOptions } from "../runs/open-store.ts";
import { type JoinOptions, joinRun } from "./join-run.ts";

export interface LocalWorkerOptions extends StoreOptions, JoinOptions {
  readonly patience?: number;
  /** Prints what it does, as the worker of this number of so many: 2/4. */
  readonly tell?: string;
}

export async function localWorker(name: string, options: LocalWorkerOptions): Promise<void> {
  try {
    await workLocally(name, options);
  } catch (error) {
    await tellLastWords(error);
    throw error;
  }
}

async function workLocally(name: string, options: LocalWorkerOptions): Promise<void> {
  // Before the experiment is loaded, which runs code of the user.
  const watchdog = startWatchdog();
  await using stores = await openStores(options, { tellWaiting: console.error });
  const run = await findRun(stores.population, name, "work");
  if (run.state.kind !== "running") return;
  const { experiment, differences, checkpointStore } = await joinRun(stores, run, options);
  await using _ = checkpointStore;
  const worker = ownWorkerId();
  if (differences.length > 0)
    await stores.population.note(run.id, {
      kind: "different-code",
      worker,
      joinedAt: Date.now(),
      differences,
    });
  const lines = options.tell === undefined ? undefined : tellWork(experiment, options.tell);
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
    triesActing: true,
    tell: (line) => console.error(`worker ${worker}: ${line}`),
    firstLeaseMs: ownFirstLeaseMs(process.env),
    hang: ownHang(process.env),
    holds(claim) {
      watchdog.holds(claim);
      lines?.holds(claim);
    },
    ...(lines && { onEvent: lines.event }),
    signal: leaving(),
  });
  if (setAside !== undefined) process.exitCode = exitCodes.setAside;
}

/**
 * A scheduler may signal every process of a job, and the process that started this one, which asks
 * this one: that asks once.
 */
const sameSignalMs = 500;

/**
 * Aborts when this worker is asked to leave: by the end of the process that started it, or by a
 * signal. The second signal leaves at once.
 */
function leaving(): AbortSignal {
  const leave = new AbortController();
  process.once("disconnect", () => leave.abort());
  if (!process.connected) leave.abort();
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
