/** Joins a run with workers of this machine, or sees whether it could. */
import { CladeError } from "../../algorithm/clade-error.ts";
import {
  type Run,
  RunNotFoundError,
  type RunState,
} from "../../population-store/population-store.ts";
import { type LocalWorkers, startLocalWorkers } from "../../processes/local-workers.ts";
import {
  type WorkerOptions,
  type WorkerProcesses,
  workerProcesses,
} from "../../processes/worker-processes.ts";
import { duration, number, plural } from "../../report/words.ts";
import { sessionOf } from "../../trainer/session-of.ts";
import { TrainerError } from "../../trainer/trainer-session.ts";
import { tryGeneration } from "../../worker/trial-generation.ts";
import { clade } from "../clade-command.ts";
import { userFrames } from "../declarations/import-failure.ts";
import { indented } from "../declarations/run-source.ts";
import { exitCodes } from "../exit-codes.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";
import { signalNames } from "../work/execute.ts";
import { type JoinOptions, joinRun } from "../work/join-run.ts";
import { localWorker } from "../work/local-worker.ts";
import { localWorkers } from "../work/local-workers.ts";
import { verifyAtEnd } from "../work/verify-at-end.ts";

interface Options extends StoreOptions, JoinOptions, WorkerOptions {
  readonly check?: boolean;
  readonly local?: boolean;
  readonly tell?: string;
}

export async function workerCommand(name: string | undefined, options: Options): Promise<void> {
  if (options.local) return await localWorker(name!, options);
  await using stores = await openStores(
    options,
    options.check ? {} : { tellWaiting: console.error },
  );
  const run = await findRun(stores.population, name, "work");
  if (run.state.kind !== "running") {
    console.log(
      `run ${run.id}: is ${run.state.kind}, so there is nothing to do; see ${clade} resume --help`,
    );
    process.exitCode = codeOf(run.state);
    return;
  }
  const { experiment, differences, checkpointStore } = await joinRun(stores, run, options);
  await using _ = checkpointStore;
  if (differences.length > 0)
    console.log(`works with code that is not that of the run:${indented(differences)}`);
  // One in a terminal, or a task or a pod of a cluster, unless something else is said.
  const workers = workerProcesses(experiment, options.gpus ? options : { workers: 1, ...options });
  if (!options.check) return await workOn(stores, run, workers, options);

  const began = performance.now();
  const suffix = `-trial-${process.pid}`;
  const trial = {
    run,
    experiment,
    populationStore: stores.population,
    checkpointStore,
    aside: await stores.checkpoints({ ...run, id: `${run.id}${suffix}` as Run["id"] }),
    session: sessionOf(experiment.trainer, {
      environment: workers.environment(0),
      stepTimeoutSeconds: experiment.stepTimeoutSeconds,
    }),
  };
  const { steps, score } = await tryGeneration(trial).catch((error) => {
    if (!(error instanceof TrainerError)) throw error;
    const said = `${error.message}\n${userFrames(error.detail)}`;
    throw new CladeError(`run ${run.id}: this machine cannot work on it: ${said}`);
  });
  const took = duration((performance.now() - began) / 1000);
  console.log(
    `run ${run.id}: this machine can work on it: ${plural(steps, "step")} to ${experiment.objective.metric} ${number(score)}, saved and restored in ${took}; nothing was published`,
  );
}

async function workOn(
  stores: Stores,
  run: Run,
  processes: WorkerProcesses,
  { experiment, allowDifferentCode }: Options,
): Promise<void> {
  const more = [
    ...(experiment === undefined ? [] : ["--experiment", experiment]),
    ...(allowDifferentCode ? ["--allow-different-code"] : []),
  ];
  console.log(`working on run ${run.id} with ${plural(processes.count, "worker")}; Ctrl-C leaves`);
  const workers = startLocalWorkers(
    localWorkers(stores, run, processes, (index) => [
      ...more,
      "--tell",
      `${index + 1}/${processes.count}`,
    ]),
  );
  const interruption = leaveOnSignal(workers);
  const { setAside } = await workers.finished.catch((error) => {
    if (!interruption.aborted) throw error;
    return { setAside: 0 };
  });
  if (interruption.aborted) {
    process.exitCode = exitCodes.interrupted;
    return;
  }
  const state = await stateOf(stores, run);
  if (state.kind === "done") await verifyAtEnd(stores, run, { others: true });
  // Also at the run's end: a scheduler is to see that this machine did nothing for it.
  if (state.kind !== "failed" && setAside > 0) {
    const those =
      processes.count === 1
        ? "this machine's worker"
        : `${setAside} of this machine's ${plural(processes.count, "worker")}`;
    const remedy = state.kind === "running" ? `, start again with: ${clade} worker ${run.id}` : "";
    throw new CladeError(`run ${run.id}: everything failed on ${those}; fix the cause${remedy}`);
  }
  console.log(`run ${run.id}: is ${state.kind}${"reason" in state ? ` (${state.reason})` : ""}`);
  process.exitCode = codeOf(state);
}

/** A run that was removed has ended as one that was stopped. */
async function stateOf({ population }: Stores, { id }: Run): Promise<RunState> {
  try {
    return (await population.run(id)).state;
  } catch (error) {
    if (!(error instanceof RunNotFoundError)) throw error;
    return { kind: "stopped" };
  }
}

/** A scheduler sees whether the run has failed; there is nothing to start again then. */
function codeOf(state: RunState): number {
  return state.kind === "failed" ? exitCodes.runFailed : exitCodes.done;
}

/**
 * A scheduler may signal a job's script, which passes it on, and this process, too: that asks
 * once.
 */
const sameSignalMs = 500;

/** The first signal asks the workers to leave, the second kills them. Aborts with the first. */
function leaveOnSignal(workers: LocalWorkers): AbortSignal {
  const asked = new AbortController();
  let askedAt = Number.POSITIVE_INFINITY;
  for (const signal of signalNames) {
    process.on(signal, () => {
      if (performance.now() - askedAt > sameSignalMs) {
        workers.kill();
        process.exit(exitCodes.interrupted);
      }
      askedAt = Math.min(askedAt, performance.now());
      asked.abort();
      workers.stop();
    });
  }
  return asked.signal;
}
