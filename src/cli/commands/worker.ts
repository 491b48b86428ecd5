import { CladeError } from "../../algorithm/clade-error.ts";
import type { Run, RunState } from "../../population-store/population-store.ts";
import { workerProcesses } from "../../processes/worker-processes.ts";
import { duration, number, plural } from "../../report/words.ts";
import { sessionOf } from "../../trainer/session-of.ts";
import { TrainerError } from "../../trainer/trainer-session.ts";
import type { Context } from "../context.ts";
import { userFrames } from "../declarations/import-failure.ts";
import { indented } from "../declarations/run-source.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { allowDifferentCode } from "../options/allow-different-code.ts";
import { storeOptions } from "../options/store-options.ts";
import { gpus, membersPerGpu, patience, workers } from "../options/worker-options.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { type JoinedRun, joinRun } from "../work/join-run.ts";
import { localWorker } from "../work/local-worker.ts";
import { tryGeneration } from "../work/try-generation.ts";
import { workOnRun } from "../work/work-on-run.ts";

const declared = [
  ...storeOptions,
  option(
    "--experiment <file>",
    "the experiment's file on this machine (default: where it was when the run began)",
  ),
  patience,
  workers,
  gpus,
  membersPerGpu,
  allowDifferentCode,
  option("--check", "train one generation here without publishing it, and exit"),
  option("--local", "leave when the process that started this one does").hideHelp(),
  option("--tell <place>", "print what the worker does, as 2/4 under the number 2").hideHelp(),
] as const;

type Options = OptionsOf<typeof declared>;

/** Joins a run with workers of this machine, or tests whether it could. */
export const worker = command({
  options: declared,
  action: work,
});

async function work(
  context: Context,
  options: Options,
  name: string | undefined,
): Promise<number> {
  if (options.local) return await localWorker(context, name!, options);
  const { clade, env, print, warn } = context;
  const waiting = options.check ? {} : { tellWaiting: warn };
  await using stores = await openStores(context, options, waiting);
  const run = await findRun(context, stores.population, name, "work");
  const { kind } = run.state;
  if (kind !== "running") {
    print(`run ${run.id}: is ${kind}, so there is nothing to do; see ${clade} resume --help`);
    return codeOf(run.state);
  }
  const joined = await joinRun(context, stores, run, options);
  await using _ = joined.checkpointStore;
  if (joined.differences.length > 0)
    print(`works with code that differs from the run's:${indented(joined.differences)}`);
  // By default one worker, as in a terminal, a task or a pod of a cluster.
  const asked = options.gpus ? options : { workers: 1, ...options };
  const processes = workerProcesses(joined.experiment, asked, env);
  if (options.check) {
    print(await triedHere(stores, run, joined, processes.environment(0)));
    return exitCodes.done;
  }
  const state = await workOnRun(context, stores, run, processes, options);
  if (state === "interrupted") return exitCodes.interrupted;
  print(`run ${run.id}: is ${state.kind}${"reason" in state ? ` (${state.reason})` : ""}`);
  return codeOf(state);
}

/** Shows a scheduler that the run has failed, so that it does not start the worker again. */
function codeOf(state: RunState): number {
  return state.kind === "failed" ? exitCodes.runFailed : exitCodes.done;
}

/**
 * Trains a generation without publishing it, and reports that this machine can work on the run.
 */
async function triedHere(
  stores: Stores,
  run: Run,
  { experiment, checkpointStore }: JoinedRun,
  environment: { readonly [name: string]: string },
): Promise<string> {
  const began = performance.now();
  const suffix = `-trial-${process.pid}`;
  const { stepTimeoutSeconds } = experiment;
  const trial = {
    run,
    experiment,
    populationStore: stores.population,
    checkpointStore,
    aside: await stores.checkpoints({ ...run, id: `${run.id}${suffix}` as Run["id"] }),
    session: sessionOf(experiment.trainer, { environment, stepTimeoutSeconds }),
  };
  const { steps, score } = await tryGeneration(trial).catch((error) => {
    if (!(error instanceof TrainerError)) throw error;
    const said = `${error.message}\n${userFrames(error.detail)}`;
    throw new CladeError(`run ${run.id}: this machine cannot work on it: ${said}`);
  });
  const took = duration((performance.now() - began) / 1000);
  const result = `${experiment.objective.metric} ${number(score)}`;
  return (
    `run ${run.id}: this machine can work on it: ${plural(steps, "step")} to ${result}, ` +
    `saved and restored in ${took}; nothing was published`
  );
}
