import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { BadInputError } from "../../algorithm/problem.ts";
import type { ScheduleSegment } from "../../algorithm/schedule.ts";
import type { SnapshotId } from "../../algorithm/snapshot.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { replaced, type Settings } from "../../experiment/settings.ts";
import { replaySettings } from "../../experiment/study/followers.ts";
import { type Run, SnapshotNotFoundError } from "../../population-store/population-store.ts";
import { workerProcesses } from "../../processes/worker-processes.ts";
import { number, plural } from "../../report/words.ts";
import { newSeed } from "../../run/create-run.ts";
import { foundIn } from "../../run/found-in.ts";
import { summaryOf } from "../../run/run-summary.ts";
import type { Context, Place } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { experimentOf, requireSameExperiment, sourceOf } from "../declarations/run-source.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { json } from "../options/json.ts";
import { wholeNumber } from "../options/parsers.ts";
import { seed } from "../options/setting-options.ts";
import { storeOptions } from "../options/store-options.ts";
import { workerOptions } from "../options/worker-options.ts";
import { writtenTo } from "../output/output-place.ts";
import { printResult } from "../printing/print-result.ts";
import { findRun } from "../runs/find-run.ts";
import { newRun } from "../runs/new-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { execute } from "../work/execute.ts";

const declared = [
  option(
    "--models <n>",
    "how many fresh models, each with a seed of its own (default: 1)",
    wholeNumber(),
  ),
  option(
    "--member <n>",
    "the lineage of a member's newest snapshot (default: that of the best model)",
    wholeNumber(0),
  ).conflicts("snapshot"),
  option("--snapshot <id>", "the lineage of a snapshot, such as 3.12"),
  option("--export <file>", "write the schedule to a .json, .csv or .py file, and train nothing"),
  ...storeOptions,
  ...workerOptions,
  seed,
  json,
] as const;

type Options = OptionsOf<typeof declared>;

/**
 * Trains fresh models along the schedule of a lineage, as a separate run, or writes the schedule.
 */
export const replay = command({
  options: declared,
  action: replayRun,
});

async function replayRun(
  context: Context,
  options: Options,
  name: string | undefined,
): Promise<number> {
  const { print } = context;
  await using stores = await openStores(context, options);
  const run = await findRun(context, stores.population, name);
  const { schedule } = await foundIn(
    stores.population,
    run.id,
    await chosen(stores, run, options),
  );
  if (options.export !== undefined) {
    await exportSchedule(context.at(options.export), run, schedule);
    if (!options.json) print(`written: ${options.export}`);
    return exitCodes.done;
  }
  const replay = await createReplay(context, stores, run, schedule, options);
  const workers = workerProcesses(replay.experiment, options, context.env);
  const how = { workers, json: options.json ?? false, resumed: false };
  const { result, exitCode } = await execute(context, stores, replay.run, how);
  if (options.json) return exitCode;
  await printResult(context, stores, result);
  if (result.state.kind === "done") print(`\n${await against(stores, run, replay.run)}`);
  return exitCode;
}

async function createReplay(
  context: Context,
  stores: Stores,
  run: Run,
  schedule: readonly ScheduleSegment[],
  options: Options,
): Promise<{ readonly run: Run; readonly experiment: Experiment }> {
  const source = sourceOf(run);
  const original = await experimentOf(context, run, source);
  requireSameExperiment(run, original, "undo the change, or export the schedule with --export");
  const seed = options.seed ?? newSeed();
  const changes = {
    name: `${original.name}-replay`,
    seed,
    ...replaySettings(schedule, options.models ?? 1),
  };
  const settings = replaced(source.settings, changes) as Settings;
  const experiment = await loadExperiment(context, source.file, settings);
  const replay = await newRun(stores, experiment, seed, {
    source: { file: source.file, settings },
  });
  return { run: replay, experiment };
}

/** The snapshot whose lineage is replayed, if one is named. */
async function chosen(
  { population }: Stores,
  run: Run,
  { snapshot, member }: Options,
): Promise<SnapshotId | undefined> {
  const members = await population.members(run.id);
  const bad = (path: string, value: string, rule: string, remedy: string) =>
    new BadInputError([{ path, value, rule, remedy }]);
  if (member !== undefined) {
    const newest = members[member]?.newest.id;
    if (newest !== undefined) return newest;
    const remedy = `give a number from 0 to ${members.length - 1}`;
    throw bad("--member", String(member), `the run has ${members.length} members`, remedy);
  }
  if (snapshot === undefined) return undefined;
  try {
    return (await population.snapshot(run.id, snapshot as SnapshotId)).id;
  } catch (error) {
    if (!(error instanceof SnapshotNotFoundError)) throw error;
    const remedy = "give an id such as 3.12, as in the report or in clade show --json";
    throw bad("--snapshot", snapshot, `is not a snapshot of ${run.id}`, remedy);
  }
}

const formats = { ".json": "json", ".csv": "csv", ".py": "python" } as const;

async function exportSchedule(
  file: Place,
  run: Run,
  schedule: readonly ScheduleSegment[],
): Promise<void> {
  // Imported here: the CSV writer takes 5 ms to load, and every worker would wait for it.
  const { scheduleAs } = await import("../../analysis/schedule-formats.ts");
  const extension = extname(file.path);
  const format = extension in formats ? formats[extension as keyof typeof formats] : undefined;
  if (!format) {
    const rule = "is neither .json, .csv nor .py";
    const remedy = `give a name such as ${run.experiment.name}.csv`;
    throw new BadInputError([{ path: "--export", value: file.given, rule, remedy }]);
  }
  await writtenTo(
    file,
    () => writeFileSync(file.path, scheduleAs(format, schedule, `run ${run.id}`)),
    "--export",
  );
}

/** How the fresh models compare with the model whose schedule they followed. */
async function against({ population }: Stores, run: Run, replay: Run): Promise<string> {
  const { metric } = run.experiment.objective;
  const before = await summaryOf(population, run.id);
  const scores = (await population.members(replay.id)).map(({ newest }) => newest.score);
  const shown = scores.map((score) => number(score)).join(", ");
  const models = plural(scores.length, "fresh model");
  return (
    `${models} along that schedule ended with ${metric} ${shown}; ` +
    `the best of ${run.id} has ${number(before.score)}`
  );
}
