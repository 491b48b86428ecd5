/**
 * What a worker needs before it works on a run: the same experiment, and access to the checkpoints
 * of the others.
 */
import { existsSync } from "node:fs";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { ObjectCheckpointStore } from "../../checkpoint-store/objects/object-checkpoint-store.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { Run } from "../../population-store/population-store.ts";
import type { Context } from "../context.ts";
import { experimentOf, sourceOf } from "../declarations/run-source.ts";
import { requireSameCode } from "../declarations/same-code.ts";
import type { Stores } from "../runs/open-store.ts";

export interface JoinOptions {
  readonly experiment?: string;
  readonly allowDifferentCode?: boolean;
}

export interface JoinedRun {
  readonly experiment: Experiment;
  /** The differences from the run's code. */
  readonly differences: readonly string[];
  readonly checkpointStore: Awaited<ReturnType<Stores["checkpoints"]>>;
}

/** Throws a `CladeError` if this machine could not work on the run. */
export async function joinRun(
  context: Context,
  stores: Stores,
  run: Run,
  options: JoinOptions,
): Promise<JoinedRun> {
  const { experiment, differences } = await sameExperiment(context, run, options);
  if (run.checkpoints === undefined) await requireDirectory(stores, run);
  const checkpointStore = await stores.checkpoints(run);
  if ("isSigned" in checkpointStore) await requireSigned(run, checkpointStore);
  return { experiment, differences, checkpointStore };
}

/**
 * The experiment, if it is the run's and has the same files. A different one is accepted only if
 * that is allowed.
 */
async function sameExperiment(
  context: Context,
  run: Run,
  { experiment: file, allowDifferentCode }: JoinOptions,
): Promise<{ readonly experiment: Experiment; readonly differences: readonly string[] }> {
  const known = sourceOf(run);
  const source = file === undefined ? known : { ...known, file };
  const experiment = await experimentOf(context, run, source);
  const { path } = context.at(source.file);
  return { experiment, differences: requireSameCode(run, experiment, path, allowDifferentCode) };
}

/**
 * A worker that does not see the others' checkpoints would take every member back to its start.
 */
async function requireSigned(run: Run, checkpoints: ObjectCheckpointStore): Promise<void> {
  if (await checkpoints.isSigned()) return;
  const remedy = "mount it here, or say with --checkpoints where this machine sees it";
  throw new CladeError(
    `run ${run.id}: its checkpoints are not in ${checkpoints.shown} as this machine sees it; ` +
      remedy,
  );
}

async function requireDirectory({ population, localDirectory }: Stores, run: Run): Promise<void> {
  const directory = localDirectory(run.id);
  if (existsSync(directory)) return;
  const members = await population.members(run.id);
  if (members.every(({ newest }) => newest.checkpoint === undefined)) return;
  const remedy =
    "start the worker in the directory where the run was started, " +
    "on a file system that both machines see";
  throw new CladeError(`run ${run.id}: its checkpoints are not in ${directory}; ${remedy}`);
}
