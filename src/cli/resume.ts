import { CladeError } from "../algorithm/clade-error.ts";
import { BadInputError } from "../algorithm/problem.ts";
import { describeExperiment, withSettings } from "../experiment/experiment.ts";
import { releaseDeadWorkers } from "../worker/local-workers.ts";
import { execute, printResult } from "./execute.ts";
import { findRun } from "./find-run.ts";
import { loadExperiment } from "./load-experiment.ts";
import { openStores } from "./open-store.ts";
import { defaultWorkers } from "./run.ts";
import { refuseIfDifferent, sourceOf } from "./run-source.ts";
import { settingsOf } from "./settings.ts";

interface Options {
  readonly store?: string;
  readonly workers?: number;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** What may differ when a run goes on; the rest is its identity. */
const changeable = ["budget.", "exploit", "explore", "ready"];

export async function resumeCommand(name: string | undefined, options: Options): Promise<void> {
  await using stores = openStores(options.store);
  const run = await findRun(stores.population, name);
  const settings = settingsOf(options);
  for (const path of Object.keys(settings)) {
    if (changeable.some((prefix) => path.startsWith(prefix))) continue;
    const remedy = "change budget, ready, exploit or explore, or start a new run";
    throw new BadInputError([
      { path, value: String(settings[path]), rule: "cannot change in a run that exists", remedy },
    ]);
  }
  const source = sourceOf(run);
  const changed = { ...source, settings: { ...source.settings, ...settings } };
  const original = await loadExperiment(source.file, source.settings);
  refuseIfDifferent(run, original);
  const experiment = withSettings(original, settings);
  const isLonger = Object.keys(settings).length > 0;
  if (run.state.kind === "done" && !isLonger) {
    throw new CladeError(
      `run ${run.id}: is done (${run.state.reason}); extend it with --set, for example --set budget.stepsPerMember=${2 * (experiment.budget.stepsPerMember ?? 1000)}`,
    );
  }
  await releaseDeadWorkers(stores.population, run.id);
  await stores.population.resume(
    run.id,
    isLonger ? { experiment: describeExperiment(experiment), source: changed } : undefined,
  );
  const workers = options.workers ?? defaultWorkers(experiment.population);
  const { result, exitCode } = await execute(stores, await stores.population.run(run.id), {
    workers,
    json: options.json ?? false,
    resumed: true,
  });
  if (!options.json) await printResult(stores, result);
  process.exitCode = exitCode;
}
