import { CladeError } from "../../algorithm/clade-error.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { Settings } from "../../experiment/settings.ts";
import type { PlannedVariant } from "../../experiment/study/plan.ts";
import type { Study } from "../../experiment/study/study.ts";
import { type Run, RunExistsError, type RunId } from "../../population-store/population-store.ts";
import { releaseDeadWorkers } from "../../processes/dead-workers.ts";
import { type WorkerOptions, workerProcesses } from "../../processes/worker-processes.ts";
import { type RunResult, resultOf } from "../../run/run-result.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { requireSameExperiment } from "../declarations/run-source.ts";
import { exitCodes } from "../exit-codes.ts";
import type { StudyReporter } from "../printing/study-reporter.ts";
import { damageError } from "../runs/damaged-runs.ts";
import { foundIn } from "../runs/found.ts";
import { newRun } from "../runs/new-run.ts";
import type { Stores } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";
import { execute } from "./execute.ts";
import { studyRunId } from "./study-run-id.ts";

export interface StudyWork {
  readonly context: Context;
  readonly stores: Stores;
  readonly study: Study;
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

/** Runs a variant with a seed to its end, unless that is already done. */
export async function advanceVariant(
  work: StudyWork,
  variant: PlannedVariant,
  seed: number,
): Promise<Outcome> {
  if (work.signal.aborted) return "interrupted";
  const { context, stores, study, reporter } = work;
  const id = studyRunId(study, variant.label, seed);
  const followed =
    variant.follows === undefined ? undefined : studyRunId(study, variant.follows, seed);
  const runs = await undamagedRuns(work, [id, followed]);
  if (followed !== undefined) {
    const outcome = await outcomeOfFollowed(work, runs, followed, variant, seed);
    if (outcome !== "done") return outcome;
  }
  const found = followed && (await foundIn(stores.population, followed));
  const original = await loadExperiment(context, study.experiment, {});
  const settings = { ...variant.settings(original, found), seed };
  const experiment = await loadExperiment(context, study.experiment, settings);
  const existing = runs.get(id);
  const outcome = existing
    ? await takenUp(work, existing, variant, experiment)
    : await created(work, id, variant, experiment, settings);
  if (outcome === "elsewhere") return outcome;
  const result =
    outcome === "done"
      ? await resultOf(stores.population, id)
      : await trained(work, id, variant, experiment, { isResumed: existing !== undefined });
  if (result === undefined) return "interrupted";
  reporter.finished(variant, seed, result);
  return outcomeOf(result);
}

function outcomeOf({ state, failedMembers }: RunResult): Outcome {
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

/** Whether the run that a variant follows can be followed. */
async function outcomeOfFollowed(
  { context: { warn }, stores: { population } }: StudyWork,
  runs: ReadonlyMap<RunId, Run>,
  followed: RunId,
  { label }: PlannedVariant,
  seed: number,
): Promise<"done" | "failed" | "elsewhere"> {
  const state = runs.get(followed)?.state.kind;
  if (state === undefined)
    throw new CladeError(`run ${followed}: was removed; start the study again`);
  if (state === "failed") {
    warn(`run ${followed}: failed, so ${label} has nothing to follow with seed ${seed}`);
    return "failed";
  }
  if (state !== "done") return "elsewhere";
  if ((await resultOf(population, followed)).best !== undefined) return "done";
  warn(`run ${followed}: has no scored snapshot, so ${label} has nothing to follow`);
  return "failed";
}

/** Continues an existing run, unless it is done or another process works on it. */
async function takenUp(
  { context: { clade }, stores: { population }, study }: StudyWork,
  existing: Run,
  { label }: PlannedVariant,
  experiment: Experiment,
): Promise<"done" | "elsewhere" | "ready"> {
  const { id } = existing;
  if (existing.study?.name !== study.name || existing.study.variant !== label)
    throw new CladeError(
      `run ${id}: is not a run of ${label} of study ${study.name}; ` +
        "rename the study or the variant",
    );
  const remedy = `undo the change, rename the study, or: ${clade} remove ${id}`;
  requireSameExperiment(existing, experiment, remedy);
  if (existing.state.kind === "done") return "done";
  if ((await workersOf(population, existing)).length > 0) return "elsewhere";
  await releaseDeadWorkers(population, id);
  await population.resume(id);
  return "ready";
}

async function created(
  { stores, study }: StudyWork,
  id: RunId,
  { label, method, point }: PlannedVariant,
  experiment: Experiment,
  settings: Settings & { readonly seed: number },
): Promise<"elsewhere" | "ready"> {
  const { name, baseline } = study;
  const source = { file: study.experiment, settings };
  const place = {
    name,
    variant: label,
    method,
    point,
    ...(baseline !== undefined && { baseline }),
  };
  try {
    await newRun(stores, experiment, settings.seed, { id, source, study: place });
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
  id: RunId,
  variant: PlannedVariant,
  experiment: Experiment,
  { isResumed }: { readonly isResumed: boolean },
): Promise<RunResult | undefined> {
  const run = await stores.population.run(id);
  const { result, exitCode } = await execute(context, stores, run, {
    workers: workerProcesses(experiment, options, context.env),
    json: options.json ?? false,
    resumed: isResumed,
    reporter: reporter.of(variant, run.seed),
    signal,
  });
  return exitCode === exitCodes.interrupted ? undefined : result;
}
