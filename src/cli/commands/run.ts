import { isBetter } from "../../algorithm/population.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { replaced, type Settings } from "../../experiment/settings.ts";
import { baselines } from "../../experiment/study/baselines.ts";
import type { RunId } from "../../population-store/population-store.ts";
import { workerProcesses } from "../../processes/worker-processes.ts";
import { count, duration, number } from "../../report/words.ts";
import { newSeed } from "../../run/create-run.ts";
import type { RunSummary } from "../../run/run-summary.ts";
import { tryExperiment } from "../check/try-experiment.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { command } from "../declare/command.ts";
import { choice, type OptionsOf } from "../declare/option.ts";
import { json } from "../options/json.ts";
import { settingOptions, settingsOf } from "../options/setting-options.ts";
import { storeOptions } from "../options/store-options.ts";
import { resourcesOf, workerOptions } from "../options/worker-options.ts";
import { table } from "../printing/format.ts";
import { printResult } from "../printing/print-result.ts";
import { newRun } from "../runs/new-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { execute } from "../work/execute.ts";

const declared = [
  ...storeOptions,
  ...workerOptions,
  ...settingOptions,
  choice(
    "--control <name>",
    "afterwards run a control with the same seed and budget, and compare",
    Object.keys(baselines),
  ),
  json,
] as const;

type Options = OptionsOf<typeof declared>;

export const run = command({
  options: declared,
  action: train,
});

async function train(context: Context, options: Options, file: string): Promise<number> {
  const { print } = context;
  const settings = settingsOf(options);
  const experiment = await loadExperiment(context, file, settings);
  const seed = experiment.seed ?? newSeed();
  await tryExperiment(experiment, seed, workerProcesses(experiment, options, context.env));

  const controlled = options.control && {
    name: options.control,
    settings: controlSettings(experiment, settings, options.control, seed),
  };
  const control = controlled && (await loadExperiment(context, file, controlled.settings));

  await using stores = await openStores(context, options, { create: true });
  const first = await start(context, stores, file, experiment, { ...settings, seed }, options);
  if (!options.json) await printResult(context, stores, first.result);
  if (!control || first.result.state.kind !== "done") return first.exitCode;

  if (!options.json) print(`\nthe control, ${controlled.name} with the same seed and budget:`);
  const second = await start(
    context,
    stores,
    file,
    control,
    controlled.settings,
    options,
    first.result.run,
  );
  if (second.result.state.kind === "done" && !options.json)
    print(`\n${comparison(experiment, first.result, controlled.name, second.result)}`);
  return second.exitCode || first.exitCode;
}

/** The settings of a control: those of the run, except for its differences. */
function controlSettings(
  experiment: Experiment,
  settings: Settings,
  control: string,
  seed: number,
) {
  const name = `${experiment.name}-${control}`;
  return replaced(settings, { ...baselines[control]!(experiment), name, seed }) as Settings & {
    readonly seed: number;
  };
}

async function start(
  context: Context,
  stores: Stores,
  file: string,
  experiment: Experiment,
  settings: { readonly [path: string]: unknown; readonly seed: number },
  options: Options,
  controlOf?: RunId,
): Promise<{ result: RunSummary; exitCode: number }> {
  const resources = resourcesOf(options);
  const source = { file: context.at(file).path, settings, ...(resources && { resources }) };
  const run = await newRun(stores, experiment, settings.seed, {
    source,
    ...(controlOf && { controlOf }),
  });
  const workers = workerProcesses(experiment, options, context.env);
  return await execute(context, stores, run, {
    workers,
    json: options.json ?? false,
    resumed: false,
  });
}

function comparison(
  experiment: Experiment,
  ours: RunSummary,
  control: string,
  theirs: RunSummary,
): string {
  const { metric, final, direction } = experiment.objective;
  const others = Object.keys(ours.best?.metrics ?? {}).filter((name) => name !== metric);
  const row = (name: string, { score, best, totalSteps, seconds }: RunSummary) => [
    name,
    number(score),
    ...others.map((other) => number(best?.metrics[other])),
    count(totalSteps),
    duration(seconds),
  ];
  const value = (result: RunSummary) => (final === undefined ? result.score : result.final);
  const verdict = isBetter(direction, value(ours), value(theirs)) ? "beat" : "did not beat";
  const rows = [
    ["", metric, ...others, "steps", "time"],
    row(experiment.name, ours),
    row(control, theirs),
  ];
  return (
    `${table(rows)}\n\nOn ${final ?? metric} (the selection metric) the population ` +
    `${verdict} ${control} at equal seed and budget. One seed proves nothing.`
  );
}
