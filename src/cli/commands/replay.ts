import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { BadInputError } from "../../algorithm/problem.ts";
import type { ScheduleSegment } from "../../algorithm/schedule.ts";
import type { SnapshotId } from "../../algorithm/snapshot.ts";
import { replaced, type Settings } from "../../experiment/experiment.ts";
import { replaySettings } from "../../experiment/study/followers.ts";
import { type Run, SnapshotNotFoundError } from "../../population-store/population-store.ts";
import { type WorkerOptions, workerProcesses } from "../../processes/worker-processes.ts";
import { number, plural } from "../../report/words.ts";
import { newSeed } from "../../worker/run.ts";
import { resultOf } from "../../worker/watch.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { experimentOf, refuseIfDifferent, sourceOf } from "../declarations/run-source.ts";
import { writtenTo } from "../output/output-place.ts";
import { findRun } from "../runs/find-run.ts";
import { foundIn } from "../runs/found.ts";
import { newRun } from "../runs/new-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";
import { execute, printResult } from "../work/execute.ts";

interface Options extends StoreOptions, WorkerOptions {
  readonly snapshot?: string;
  readonly member?: number;
  readonly models?: number;
  readonly seed?: number;
  readonly export?: string;
  readonly json?: boolean;
}

/**
 * Trains fresh models along the schedule of a lineage, as a run of its own; or writes the
 * schedule.
 */
export async function replayCommand(name: string | undefined, options: Options): Promise<void> {
  await using stores = await openStores(options);
  const run = await findRun(stores.population, name);
  const { schedule } = await foundIn(
    stores.population,
    run.id,
    await chosen(stores, run, options),
  );
  if (options.export !== undefined) {
    await exportSchedule(options.export, run, schedule);
    if (!options.json) console.log(`written: ${options.export}`);
    return;
  }
  const source = sourceOf(run);
  const original = await experimentOf(source);
  refuseIfDifferent(run, original, "undo the change, or export the schedule with --export");
  const seed = options.seed ?? newSeed();
  const changes = {
    name: `${original.name}-replay`,
    seed,
    ...replaySettings(schedule, options.models ?? 1),
  };
  const settings = replaced(source.settings, changes) as Settings;
  const experiment = await loadExperiment(source.file, settings);
  const replay = await newRun(stores, experiment, seed, {
    source: { file: source.file, settings },
  });
  const workers = workerProcesses(experiment, options);
  const { result, exitCode } = await execute(stores, replay, {
    workers,
    json: options.json ?? false,
    resumed: false,
  });
  process.exitCode = exitCode;
  if (options.json) return;
  await printResult(stores, result);
  if (result.state.kind === "done") console.log(`\n${await against(stores, run, replay)}`);
}

/** The snapshot whose lineage is replayed, where one is named. */
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
    const remedy = "give an id such as 3.12, as the report or clade show --json have them";
    throw bad("--snapshot", snapshot, `is no snapshot of ${run.id}`, remedy);
  }
}

const formats = { ".json": "json", ".csv": "csv", ".py": "python" } as const;

async function exportSchedule(
  file: string,
  run: Run,
  schedule: readonly ScheduleSegment[],
): Promise<void> {
  // Imported here: what writes CSV takes 5 ms to load, and every worker would wait for it.
  const { scheduleAs } = await import("../../analysis/schedule-formats.ts");
  const extension = extname(file);
  const format = extension in formats ? formats[extension as keyof typeof formats] : undefined;
  if (!format) {
    const rule = "is neither .json, .csv nor .py";
    const remedy = `give a name such as ${run.experiment.name}.csv`;
    throw new BadInputError([{ path: "--export", value: file, rule, remedy }]);
  }
  await writtenTo(
    file,
    () => writeFileSync(file, scheduleAs(format, schedule, `run ${run.id}`)),
    "--export",
  );
}

/** How the fresh models compare with the one whose schedule they were trained along. */
async function against({ population }: Stores, run: Run, replay: Run): Promise<string> {
  const { metric } = run.experiment.objective;
  const before = await resultOf(population, run.id);
  const scores = (await population.members(replay.id)).map(({ newest }) => newest.score);
  const shown = scores.map((score) => number(score)).join(", ");
  const models = plural(scores.length, "fresh model");
  return `${models} along that schedule ended with ${metric} ${shown}; the best of ${run.id} has ${number(before.score)}`;
}
