import { CladeError } from "../../algorithm/clade-error.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { ending } from "../../experiment/budget.ts";
import {
  describeExperiment,
  type Experiment,
  replaced,
  withSettings,
} from "../../experiment/experiment.ts";
import { elapsedMs, type Run } from "../../population-store/population-store.ts";
import { releaseDeadWorkers } from "../../processes/dead-workers.ts";
import { type WorkerOptions, workerProcesses } from "../../processes/worker-processes.ts";
import { resultOf } from "../../worker/watch.ts";
import { clade } from "../clade-command.ts";
import { experimentOf, sourceOf } from "../declarations/run-source.ts";
import { refuseDifferentCode } from "../declarations/same-code.ts";
import { settingsOf } from "../options/settings.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";
import { execute, printResult } from "../work/execute.ts";

interface Options extends StoreOptions, WorkerOptions {
  readonly allowDifferentCode?: boolean;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** What may differ when a run goes on; the rest is its identity. */
const changeable = ["budget.", "exploit", "explore", "ready", "stepTimeoutSeconds"];

export async function resumeCommand(name: string | undefined, options: Options): Promise<void> {
  await using stores = await openStores(options);
  const settings = settingsOf(options);
  const isLonger = Object.keys(settings).length > 0;
  const run = await findRun(stores.population, name, isLonger ? "look" : "resume");
  for (const path of Object.keys(settings)) {
    if (changeable.some((prefix) => path.startsWith(prefix))) continue;
    const remedy =
      "change budget, ready, exploit, explore or stepTimeoutSeconds, or start a new run";
    throw new BadInputError([
      { path, value: String(settings[path]), rule: "cannot change in a run that exists", remedy },
    ]);
  }
  const source = sourceOf(run);
  const changed = { ...source, settings: replaced(source.settings, settings) };
  const original = await experimentOf(source);
  const { allowDifferentCode = false } = options;
  refuseDifferentCode(run, original, source.file, allowDifferentCode);
  const experiment = withSettings(original, settings);
  if (run.state.kind === "done" && !isLonger && !(await canRevive(stores, run, experiment))) {
    throw new CladeError(
      `run ${run.id}: is done (${run.state.reason}); extend it with --set, for example --set budget.stepsPerMember=${2 * (experiment.budget.stepsPerMember ?? 1000)}`,
    );
  }
  const workers = workerProcesses(experiment, options);
  if (isLonger) await refuseUnlessUseful(stores, run, experiment);
  await releaseDeadWorkers(stores.population, run.id);
  await stores.population.resume(
    run.id,
    isLonger ? { experiment: describeExperiment(experiment), source: changed } : undefined,
  );
  const { result, exitCode } = await execute(stores, await stores.population.run(run.id), {
    workers,
    json: options.json ?? false,
    resumed: true,
    allowDifferentCode,
  });
  if (!options.json) await printResult(stores, result);
  process.exitCode = exitCode;
}

/** Members were given up, and the budget of all members together leaves them something to do. */
async function canRevive(
  { population }: Stores,
  run: Run,
  experiment: Experiment,
): Promise<boolean> {
  const { score, totalSteps, failedMembers } = await resultOf(population, run.id);
  const now = { totalSteps, elapsedMs: elapsedMs(run, Date.now()), score };
  return failedMembers > 0 && ending(experiment, now) === undefined;
}

/**
 * Settings change only while nobody works by the old ones, and only where they leave something to
 * do.
 */
async function refuseUnlessUseful(
  stores: Stores,
  run: Run,
  experiment: Experiment,
): Promise<void> {
  const members = await stores.population.members(run.id);
  const workers = await workersOf(stores.population, run);
  if (run.state.kind === "running" && workers.length > 0) {
    throw new CladeError(
      `run ${run.id}: ${workers.join(", ")} work on it by its old settings; stop it first with: ${clade} stop ${run.id}`,
    );
  }
  const { score, totalSteps } = await resultOf(stores.population, run.id);
  const now = { totalSteps, elapsedMs: elapsedMs(run, Date.now()), score };
  const { stepsPerMember = Infinity } = experiment.budget;
  const isSpent = members.every(
    ({ state, newest }) => state === "stopped" || newest.memberSteps >= stepsPerMember,
  );
  const most = Math.max(...members.map(({ newest }) => newest.memberSteps));
  if (run.state.kind === "done" && (isSpent || ending(experiment, now) !== undefined)) {
    throw new CladeError(
      `run ${run.id}: these settings leave nothing to do; give a larger budget, such as --set budget.stepsPerMember=${2 * most}`,
    );
  }
}
