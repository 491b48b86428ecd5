import { setTimeout as sleep } from "node:timers/promises";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { type PlannedVariant, planStudy } from "../../experiment/study/plan.ts";
import { requirePlan } from "../../experiment/study/require-plan.ts";
import type { RunId } from "../../population-store/population-store.ts";
import { workerProcesses } from "../../processes/worker-processes.ts";
import { plural } from "../../report/words.ts";
import { type PlannedRun, studyRuns } from "../../run/study/study-runs.ts";
import { tryExperiment } from "../check/try-experiment.ts";
import type { Context } from "../context.ts";
import { declarationFile, placedIn } from "../declarations/declaration-file.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { loadStudy, type StudyOfFile } from "../declarations/load-study.ts";
import { command } from "../declare/command.ts";
import type { OptionsOf } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { json } from "../options/json.ts";
import { storeOptions } from "../options/store-options.ts";
import { workerOptions } from "../options/worker-options.ts";
import { studyReporter } from "../printing/study-reporter.ts";
import { openStores } from "../runs/open-store.ts";
import { advanceRun, type StudyWork } from "../work/advance-run.ts";
import { firstInterruption } from "../work/interruption.ts";
import { printComparison } from "./compare.ts";

const declared = [...storeOptions, ...workerOptions, json] as const;

/** How long to wait before looking again at runs that another process works on. */
const lookAgainMs = 1000;

/** Runs the unfinished runs of a study, one after another, and compares them. */
export const study = command({
  options: declared,
  action: runStudy,
});

async function runStudy(
  context: Context,
  options: OptionsOf<typeof declared>,
  file: string,
): Promise<number> {
  const { clade, env, print, warn } = context;
  const study = await loadStudy(context, file);
  const plan = planStudy(study);
  const original = await checked(context, file, study, plan);
  await tryExperiment(original, study.seeds[0]!, workerProcesses(original, options, env));

  await using stores = await openStores(context, options, { create: true });
  const reporter = await studyReporter(context, study, plan, options.json ?? false);
  // A run in progress handles the signal itself. This is for the time between two runs.
  using interruption = firstInterruption(context);
  const { signal } = interruption;
  const { failed, givenUp, isInterrupted } = await runAll(
    { context, stores, study, reporter, signal, options },
    studyRuns(study, plan),
  );
  reporter.ended();
  if (isInterrupted) {
    warn(`study ${study.name}: stopped; continue with: ${clade} study ${file}`);
    return exitCodes.interrupted;
  }
  if (failed > 0) {
    const runs = plural(failed, "run");
    warn(`study ${study.name}: ${runs} failed; the same command tries them again`);
  }
  for (const id of givenUp)
    warn(
      `run ${id}: is done, but members were given up; ` +
        `${clade} resume ${id} gives them another chance`,
    );
  if (!options.json) {
    print("");
    await compareStudy(context, study.name, options.store);
  }
  if (failed > 0) return exitCodes.failed;
  return givenUp.length > 0 ? exitCodes.membersGivenUp : exitCodes.done;
}

interface StudyEnd {
  /** How many runs failed. */
  readonly failed: number;
  /** The finished runs in which members were given up. */
  readonly givenUp: readonly RunId[];
  readonly isInterrupted: boolean;
}

/** Resolves when nothing is left to do, or when the work is interrupted. */
async function runAll(work: StudyWork, runs: readonly PlannedRun[]): Promise<StudyEnd> {
  const { signal } = work;
  const givenUp: RunId[] = [];
  let failed = 0;
  let left = runs;
  while (left.length > 0) {
    const elsewhere: PlannedRun[] = [];
    for (const each of left) {
      const outcome = await advanceRun(work, each);
      if (outcome === "interrupted") return { failed, givenUp, isInterrupted: true };
      if (outcome === "elsewhere") elsewhere.push(each);
      if (outcome === "failed") failed++;
      if (outcome === "given up") givenUp.push(each.id);
    }
    // The process that works on them may die, and then they are free.
    if (elsewhere.length > 0) await sleep(lookAgainMs, undefined, { signal }).catch(() => {});
    left = elsewhere;
  }
  return { failed, givenUp, isInterrupted: false };
}

/**
 * A study without anything to compare, such as one of sizes without a baseline, still counts as
 * done.
 */
async function compareStudy(
  context: Context,
  name: string,
  store: string | undefined,
): Promise<void> {
  try {
    const place = { ...(store !== undefined && { store }), json: false };
    await printComparison(context, [name], place, {});
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    context.print(error.message);
  }
}

/**
 * Every variant is checked before the first one runs, except for what followers take from other
 * variants.
 */
async function checked(
  context: Context,
  file: string,
  study: StudyOfFile,
  plan: readonly PlannedVariant[],
): Promise<Experiment> {
  const original = await loadExperiment(context, study.experiment, {});
  try {
    requirePlan(plan, original);
    return original;
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    const place = declarationFile(context, "study", file);
    throw new BadInputError(await placedIn(place, error.problems));
  }
}
