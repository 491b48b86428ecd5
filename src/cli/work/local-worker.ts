/**
 * A worker process that was started by another process of this machine, and leaves when that one
 * does.
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
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { StoreOptions } from "../options/store-options.ts";
import { tellWork } from "../printing/worker-lines.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import { signalNames } from "./interruption.ts";
import { type JoinOptions, joinRun } from "./join-run.ts";

export interface LocalWorkerOptions extends StoreOptions, JoinOptions {
  readonly patience?: number;
  /** Prints what it does, under a number such as 2/4, the second worker of four. */
  readonly tell?: string;
}

export async function localWorker(
  context: Context,
  name: string,
  options: LocalWorkerOptions,
): Promise<number> {
  try {
    return await workLocally(context, name, options);
  } catch (error) {
    await tellLastWords(error);
    throw error;
  }
}

async function workLocally(
  context: Context,
  name: string,
  options: LocalWorkerOptions,
): Promise<number> {
  const { env, warn } = context;
  // Before the experiment is loaded, because that runs the user's code.
  const watchdog = startWatchdog();
  await using stores = await openStores(context, options, { tellWaiting: warn });
  const run = await findRun(context, stores.population, name, "work");
  if (run.state.kind !== "running") return exitCodes.done;
  const joined = await joinRun(context, stores, run, options);
  const { experiment, differences, checkpointStore } = joined;
  await using _ = checkpointStore;
  const worker = ownWorkerId(env);
  if (differences.length > 0)
    await stores.population.note(run.id, {
      kind: "different-code",
      worker,
      joinedAt: Date.now(),
      differences,
    });
  const { tell: place, patience } = options;
  const lines = place === undefined ? undefined : tellWork(context, experiment, place);
  const leaving = askedToLeave();
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
    device: env.CUDA_VISIBLE_DEVICES,
    patienceMs: patience === undefined ? undefined : 1000 * patience,
    triesActing: true,
    tell: (line) => warn(`worker ${worker}: ${line}`),
    firstLeaseMs: ownFirstLeaseMs(env),
    hang: ownHang(env),
    holds(claim) {
      watchdog.holds(claim);
      lines?.holds(claim);
    },
    ...(lines && { onEvent: lines.event }),
    signal: leaving.signal,
  });
  if (setAside !== undefined) return exitCodes.setAside;
  return leaving.bySignal() ? exitCodes.interrupted : exitCodes.done;
}

/**
 * A scheduler may signal every process of a job. The process that started this one then also asks
 * it to leave. Both count as one request.
 */
const sameSignalMs = 500;

/**
 * Aborts when this worker is asked to leave: by the end of the process that started it, or by a
 * signal. On the second signal it exits at once.
 */
function askedToLeave(): { readonly signal: AbortSignal; bySignal(): boolean } {
  const leave = new AbortController();
  process.once("disconnect", () => leave.abort());
  if (!process.connected) leave.abort();
  let askedAt = Number.POSITIVE_INFINITY;
  for (const name of signalNames) {
    process.on(name, () => {
      if (performance.now() - askedAt > sameSignalMs) process.exit(exitCodes.interrupted);
      askedAt = Math.min(askedAt, performance.now());
      leave.abort();
    });
  }
  return { signal: leave.signal, bySignal: () => askedAt < Number.POSITIVE_INFINITY };
}
