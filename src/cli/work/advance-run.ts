import { CladeError } from "../../algorithm/clade-error.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { Settings } from "../../experiment/settings.ts";
import { type Run, RunExistsError, type RunId } from "../../population-store/population-store.ts";
import { releaseDeadWorkers } from "../../processes/dead-workers.ts";
import { type WorkerOptions, workerProcesses } from "../../processes/worker-processes.ts";
import { foundIn } from "../../run/found-in.ts";
import { type RunSummary, summaryOf } from "../../run/run-summary.ts";
import { type PlannedRun, requireOfStudy, whyNotFollowed } from "../../run/study/study-runs.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import type { StudyOfFile } from "../declarations/load-study.ts";
import { requireSameExperiment } from "../declarations/run-source.ts";
import { exitCodes } from "../exit-codes.ts";
import type { StudyReporter } from "../printing/study-reporter.ts";
import { damageError } from "../runs/damaged-runs.ts";
import { newRun } from "../runs/new-run.ts";
import type { Stores } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";
import { execute } from "./execute.ts";

export interface StudyWork {
  readonly context: Context;
  readonly stores: Stores;
  readonly study: StudyOfFile;
  readonly reporter: StudyReporter;
  /** Aborts when no further run should begin. */
  readonly signal: AbortSignal;
  readonly options: WorkerOptions & { readonly json?: boolean };
}

/**
 * `given up`: done, but members were given up. `elsewhere`: another process works on it, or on the
 * run that it follows.
 */
export type Outcome = "done" | "given up" | "failed" | "interrupted" | "elsewhere";

/** Runs a run of the study to its end, unless that is already done. */
export async function advanceRun(work: StudyWork, planned: PlannedRun): Promise<Outcome> {
  if (work.signal.aborted) return "interrupted";
  const { context, stores, study, reporter } = work;
  const { id, seed, variant, follows } = planned;
  const runs = await undamagedRuns(work, [id, follows]);
  if (follows !== undefined) {
    const outcome = await outcomeOfFollowed(work, runs, follows, planned);
    if (outcome !== "done") return outcome;
  }
  const found = follows && (await foundIn(stores.population, follows));
  const original = await loadExperiment(context, study.experiment, {});
  const settings = { ...variant.settings(original, found), seed };
  const experiment = await loadExperiment(context, study.experiment, settings);
  const existing = runs.get(id);
  const outcome = existing
    ? await takenUp(work, existing, planned, experiment)
    : await created(work, planned, experiment, settings);
  if (outcome === "elsewhere") return outcome;
  const result =
    outcome === "done"
      ? await summaryOf(stores.population, id)
      : await trained(work, planned, experiment, { isResumed: existing !== undefined });
  if (result === undefined) return "interrupted";
  reporter.finished(variant, seed, result);
  return outcomeOf(result);
}

function outcomeOf({ state, failedMembers }: RunSummary): Outcome {
  if (state.kind !== "done") return "failed";
  return failedMembers > 0 ? "given up" : "done";
}

/** All runs by their names. Throws if one of these cannot be read. */
async function undamagedRuns(
  { context, stores: { population } }: StudyWork,
  needed: readonly (RunId | undefined)[],
): Promise<ReadonlyMap<RunId, Run>> {
  const damaged = (await population.damagedRuns()).find(({ id }) => needed.includes(id));
  if (damaged) throw damageError(context, damaged);
  return new Map((await population.runs()).map((run) => [run.id, run]));
}

/** Whether the run that another one follows can be followed. */
async function outcomeOfFollowed(
  { context: { warn }, stores: { population } }: StudyWork,
  runs: ReadonlyMap<RunId, Run>,
  follows: RunId,
  planned: PlannedRun,
): Promise<"done" | "failed" | "elsewhere"> {
  const followed = runs.get(follows);
  if (!followed) throw new CladeError(`run ${follows}: was removed; start the study again`);
  const { kind } = followed.state;
  if (kind !== "done" && kind !== "failed") return "elsewhere";
  const whyNot = await whyNotFollowed(population, followed, planned);
  if (whyNot === undefined) return "done";
  warn(whyNot);
  return "failed";
}

/** Continues an existing run, unless it is done or another process works on it. */
async function takenUp(
  { context: { clade }, stores: { population } }: StudyWork,
  existing: Run,
  planned: PlannedRun,
  experiment: Experiment,
): Promise<"done" | "elsewhere" | "ready"> {
  const { id } = existing;
  requireOfStudy(existing, planned);
  const remedy = `undo the change, rename the study, or: ${clade} remove ${id}`;
  requireSameExperiment(existing, experiment, remedy);
  if (existing.state.kind === "done") return "done";
  if ((await workersOf(population, existing)).length > 0) return "elsewhere";
  await releaseDeadWorkers(population, id);
  await population.resume(id);
  return "ready";
}

async function created(
  { stores, study: { experiment: file } }: StudyWork,
  { id, seed, study }: PlannedRun,
  experiment: Experiment,
  settings: Settings,
): Promise<"elsewhere" | "ready"> {
  try {
    await newRun(stores, experiment, seed, { id, source: { file, settings }, study });
    return "ready";
  } catch (error) {
    // Another process has created it since this one looked.
    if (error instanceof RunExistsError) return "elsewhere";
    throw error;
  }
}

/** Undefined if it was interrupted. */
async function trained(
  { context, stores, reporter, signal, options }: StudyWork,
  { id, seed, variant }: PlannedRun,
  experiment: Experiment,
  { isResumed }: { readonly isResumed: boolean },
): Promise<RunSummary | undefined> {
  const run = await stores.population.run(id);
  const { result, exitCode } = await execute(context, stores, run, {
    workers: workerProcesses(experiment, options, context.env),
    json: options.json ?? false,
    resumed: isResumed,
    reporter: reporter.of(variant, seed),
    signal,
  });
  return exitCode === exitCodes.interrupted ? undefined : result;
}
