/**
 * The run that jobs of a cluster are submitted for: a new one, or an existing one that gets more
 * workers.
 */
import { BadInputError } from "../../algorithm/problem.ts";
import type { Run } from "../../population-store/population-store.ts";
import { newSeed } from "../../run/create-run.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { type SettingOptions, settingsOf } from "../options/setting-options.ts";
import type { StoreOptions } from "../options/store-options.ts";
import { findRun } from "../runs/find-run.ts";
import { newRun } from "../runs/new-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";

export interface SubmittedRun {
  readonly run: Run;
  /** Restores the store, because nothing was submitted. */
  undo(): Promise<void>;
}

/**
 * Throws `BadInputError` if workers of other machines could not share the store, before a file is
 * created.
 */
export async function openSharedStores(context: Context, options: StoreOptions): Promise<Stores> {
  requireShared(options.store || context.env.CLADE_STORE);
  return await openStores(context, options);
}

function requireShared(store: string | undefined): void {
  if (store !== undefined && /^postgres(ql)?:/i.test(store)) return;
  const value = store?.replace(/^(\w+:\/\/).*/, "$1...") || "none given";
  const rule = "is a file, which jobs on several machines cannot share";
  throw bad("--store", value, rule, "give a postgres:// URL, or run it on one machine");
}

export function requireOneOfBoth(file: string | undefined, run: string | undefined): void {
  if ((file === undefined) !== (run === undefined)) return;
  const [value, rule] =
    file === undefined ? ["none given", "is needed"] : [file, "has no effect with --run"];
  throw bad(
    "experiment",
    value,
    rule,
    "give an experiment's file for a new run, or --run with one that exists",
  );
}

/** Throws `BadInputError` for a run that cannot be submitted. */
export async function submittedRun(
  context: Context,
  stores: Stores,
  file: string | undefined,
  options: SettingOptions & { readonly run?: string },
): Promise<SubmittedRun> {
  requireShared(stores.url);
  requireOneOfBoth(file, options.run);
  return file === undefined
    ? await existing(context, stores, options.run)
    : await created(context, stores, file, options);
}

async function existing(
  context: Context,
  stores: Stores,
  name: string | undefined,
): Promise<SubmittedRun> {
  const run = await findRun(context, stores.population, name);
  const { state } = run;
  if (state.kind === "done") {
    const remedy =
      "extend it with clade resume --set budget.stepsPerMember=..., or start a new run";
    throw bad("--run", run.id, `is done (${state.reason})`, remedy);
  }
  const wasRunning = state.kind === "running";
  if (!wasRunning) await stores.population.resume(run.id);
  return {
    run: await stores.population.run(run.id),
    async undo() {
      if (!wasRunning) await stores.population.stop(run.id);
    },
  };
}

async function created(
  context: Context,
  stores: Stores,
  file: string,
  options: SettingOptions,
): Promise<SubmittedRun> {
  const settings = settingsOf(options);
  const experiment = await loadExperiment(context, file, settings);
  const seed = experiment.seed ?? newSeed();
  const source = { file: context.at(file).path, settings: { ...settings, seed } };
  const run = await newRun(stores, experiment, seed, { source });
  return {
    run,
    async undo() {
      await using checkpoints = await stores.checkpoints(run);
      await checkpoints.remove();
      await stores.population.removeRun(run.id);
    },
  };
}

function bad(path: string, value: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value, rule, remedy }]);
}
