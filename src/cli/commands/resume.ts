import { CladeError } from "../../algorithm/clade-error.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Budget } from "../../experiment/budget.ts";
import { describeExperiment, type Experiment } from "../../experiment/experiment.ts";
import { replaced, type Settings, withSettings } from "../../experiment/settings.ts";
import type { Run } from "../../population-store/population-store.ts";
import { releaseDeadWorkers } from "../../processes/dead-workers.ts";
import { workerProcesses } from "../../processes/worker-processes.ts";
import { hasSomethingToDo } from "../../run/something-to-do.ts";
import type { Context } from "../context.ts";
import { experimentOf, sourceOf } from "../declarations/run-source.ts";
import { requireSameCode } from "../declarations/same-code.ts";
import { command } from "../declare/command.ts";
import type { OptionsOf } from "../declare/option.ts";
import { allowDifferentCode } from "../options/allow-different-code.ts";
import { json } from "../options/json.ts";
import { set, settingsOf } from "../options/setting-options.ts";
import { storeOptions } from "../options/store-options.ts";
import { keptResources, workerOptions } from "../options/worker-options.ts";
import { printResult } from "../printing/print-result.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";
import { execute } from "../work/execute.ts";

/** The settings that may change when a run continues. The rest is its identity. */
const changeable = ["budget.", "exploit", "explore", "ready", "stepTimeoutSeconds"];

const declared = [...storeOptions, ...workerOptions, allowDifferentCode, set, json] as const;

export const resume = command({
  options: declared,
  action: goOn,
});

async function goOn(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string | undefined,
): Promise<number> {
  await using stores = await openStores(context, options);
  const settings = settingsOf(options);
  const isLonger = Object.keys(settings).length > 0;
  const run = await findRun(context, stores.population, name, isLonger ? "look" : "resume");
  requireChangeable(settings);
  const source = sourceOf(run);
  const changed = {
    ...source,
    settings: replaced(source.settings, settings),
    resources: keptResources(source.resources, options).resources,
  };
  const original = await experimentOf(context, run, source);
  const { allowDifferentCode = false, json = false } = options;
  requireSameCode(run, original, source.file, allowDifferentCode);
  const experiment = withSettings(original, settings);
  if (
    run.state.kind === "done" &&
    !isLonger &&
    !(await hasSomethingToDo(stores.population, run, experiment))
  ) {
    throw new CladeError(
      `run ${run.id}: is done (${run.state.reason}); extend it with --set, ` +
        `for example --set ${doubled(experiment.budget)}`,
    );
  }
  const { resources, line } = keptResources(source.resources, options);
  if (line !== undefined && !json) context.print(line);
  const workers = workerProcesses(experiment, resources, context.env);
  if (isLonger) await requireUseful(context, stores, run, experiment);
  await releaseDeadWorkers(stores.population, run.id);
  await stores.population.resume(
    run.id,
    isLonger ? { experiment: describeExperiment(experiment), source: changed } : undefined,
  );
  const resumed = await stores.population.run(run.id);
  const how = { workers, json, resumed: true, allowDifferentCode };
  const { result, exitCode } = await execute(context, stores, resumed, how);
  if (!json) await printResult(context, stores, result);
  return exitCode;
}

/** A setting that lets the members go on. */
function doubled({ stepsPerMember, stepsPerModel }: Budget): string {
  const member = `budget.stepsPerMember=${2 * (stepsPerMember ?? 1000)}`;
  if (stepsPerModel === undefined) return member;
  const model = `budget.stepsPerModel=${2 * stepsPerModel}`;
  return stepsPerMember === undefined ? model : `${model} --set ${member}`;
}

function requireChangeable(settings: Settings): void {
  const path = Object.keys(settings).find(
    (path) => !changeable.some((prefix) => path.startsWith(prefix)),
  );
  if (path === undefined) return;
  const rule = "cannot change in a run that exists";
  const remedy =
    "change budget, ready, exploit, explore or stepTimeoutSeconds, or start a new run";
  throw new BadInputError([{ path, value: String(settings[path]), rule, remedy }]);
}

/**
 * Settings may change only while no worker uses the old ones, and only if they leave something to
 * do.
 */
async function requireUseful(
  { clade }: Context,
  stores: Stores,
  run: Run,
  experiment: Experiment,
): Promise<void> {
  const workers = await workersOf(stores.population, run);
  if (run.state.kind === "running" && workers.length > 0) {
    throw new CladeError(
      `run ${run.id}: ${workers.join(", ")} work on it with its old settings; ` +
        `stop it first with: ${clade} stop ${run.id}`,
    );
  }
  if (run.state.kind !== "done") return;
  if (await hasSomethingToDo(stores.population, run, experiment)) return;
  const members = await stores.population.members(run.id);
  const max = Math.max(...members.map(({ newest }) => newest.memberSteps));
  throw new CladeError(
    `run ${run.id}: these settings leave nothing to do; give a larger budget, ` +
      `such as --set budget.stepsPerMember=${2 * max}`,
  );
}
