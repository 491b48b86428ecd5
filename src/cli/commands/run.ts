import { resolve } from "node:path";
import { isBetter } from "../../algorithm/population.ts";
import { type Experiment, replaced, type Settings } from "../../experiment/experiment.ts";
import { baselines } from "../../experiment/study/baselines.ts";
import type { RunId } from "../../population-store/population-store.ts";
import { type WorkerOptions, workerProcesses } from "../../processes/worker-processes.ts";
import { count, duration, number } from "../../report/words.ts";
import { newSeed } from "../../worker/run.ts";
import type { RunResult } from "../../worker/watch.ts";
import { tryExperiment } from "../check/try-experiment.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { type SettingOptions, settingsOf } from "../options/settings.ts";
import { table } from "../printing/format.ts";
import { newRun } from "../runs/new-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";
import { execute, printResult } from "../work/execute.ts";

interface Options extends SettingOptions, StoreOptions, WorkerOptions {
  readonly control?: string;
  readonly json?: boolean;
}

export async function runCommand(file: string, options: Options): Promise<void> {
  const settings = settingsOf(options);
  const experiment = await loadExperiment(file, settings);
  const seed = experiment.seed ?? newSeed();
  await tryExperiment(experiment, seed, workerProcesses(experiment, options));

  const controlled = options.control && {
    name: options.control,
    settings: controlSettings(experiment, settings, options.control, seed),
  };
  const control = controlled && (await loadExperiment(file, controlled.settings));

  await using stores = await openStores(options, { create: true });
  const first = await start(stores, file, experiment, { ...settings, seed }, options);
  process.exitCode = first.exitCode;
  if (!options.json) await printResult(stores, first.result);
  if (!control || first.result.state.kind !== "done") return;

  if (!options.json)
    console.log(`\nthe control, ${controlled.name} with the same seed and budget:`);
  const second = await start(
    stores,
    file,
    control,
    controlled.settings,
    options,
    first.result.run,
  );
  process.exitCode = second.exitCode || first.exitCode;
  if (second.result.state.kind === "done" && !options.json) {
    console.log(`\n${comparison(experiment, first.result, controlled.name, second.result)}`);
  }
}

/** The settings of a control: those of the run, but for what it does differently. */
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
  stores: Stores,
  file: string,
  experiment: Experiment,
  settings: { readonly [path: string]: unknown; readonly seed: number },
  options: Options,
  controlOf?: RunId,
): Promise<{ result: RunResult; exitCode: number }> {
  const source = { file: resolve(file), settings };
  const run = await newRun(stores, experiment, settings.seed, {
    source,
    ...(controlOf && { controlOf }),
  });
  const workers = workerProcesses(experiment, options);
  return await execute(stores, run, { workers, json: options.json ?? false, resumed: false });
}

function comparison(
  experiment: Experiment,
  ours: RunResult,
  control: string,
  theirs: RunResult,
): string {
  const { metric, final, direction } = experiment.objective;
  const others = Object.keys(ours.best?.metrics ?? {}).filter((name) => name !== metric);
  const row = (name: string, { score, best, totalSteps, seconds }: RunResult) => [
    name,
    number(score),
    ...others.map((other) => number(best?.metrics[other])),
    count(totalSteps),
    duration(seconds),
  ];
  const value = (result: RunResult) => (final === undefined ? result.score : result.final);
  const better = isBetter(direction, value(ours), value(theirs)) ? "better" : "no better";
  const rows = [
    ["", metric, ...others, "steps", "time"],
    row(experiment.name, ours),
    row(control, theirs),
  ];
  return `${table(rows)}\n\nby ${final ?? metric}, by which the best was chosen, the population did ${better} than ${control} with the same seed and budget; one seed is no proof.`;
}
