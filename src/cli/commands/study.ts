import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "../../algorithm/clade-error.ts";
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { type PlannedVariant, planStudy } from "../../experiment/study/plan.ts";
import type { Study } from "../../experiment/study/study.ts";
import { type Run, RunExistsError, type RunId } from "../../population-store/population-store.ts";
import { releaseDeadWorkers } from "../../processes/dead-workers.ts";
import { type WorkerOptions, workerProcesses } from "../../processes/worker-processes.ts";
import { plural } from "../../report/words.ts";
import { type RunResult, resultOf } from "../../worker/watch.ts";
import { tryExperiment } from "../check/try-experiment.ts";
import { clade } from "../clade-command.ts";
import { placedIn } from "../declarations/declaration-file.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { loadStudy } from "../declarations/load-study.ts";
import { refuseIfDifferent } from "../declarations/run-source.ts";
import { exitCodes } from "../exit-codes.ts";
import { type StudyReporter, studyReporter } from "../printing/study-reporter.ts";
import { damageError } from "../runs/damaged-runs.ts";
import { foundIn } from "../runs/found.ts";
import { newRun } from "../runs/new-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";
import { execute, signalNames } from "../work/execute.ts";
import { compareCommand } from "./compare.ts";

interface Options extends StoreOptions, WorkerOptions {
  readonly json?: boolean;
}

/** How long runs that another process works on are left alone. */
const lookAgainMs = 1000;

/** Runs what is not done of a study, one run after another, and compares. */
export async function studyCommand(file: string, options: Options): Promise<void> {
  const study = await loadStudy(file);
  const plan = planStudy(study);
  const original = await checked(file, study, plan);
  await tryExperiment(original, study.seeds[0]!, workerProcesses(original, options));

  await using stores = await openStores(options, { create: true });
  const reporter = await studyReporter(study, plan, options.json ?? false);
  // While a run goes on it hears the signal, too; this is for the time between two runs.
  const interrupted = new AbortController();
  for (const name of signalNames) process.once(name, () => interrupted.abort());
  let failed = 0;
  const givenUp: RunId[] = [];
  let left = study.seeds.flatMap((seed) => plan.map((variant) => ({ variant, seed })));
  while (left.length > 0) {
    const elsewhere: typeof left = [];
    for (const each of left) {
      const outcome = interrupted.signal.aborted
        ? "interrupted"
        : await advance(
            stores,
            study,
            each.variant,
            each.seed,
            reporter,
            interrupted.signal,
            options,
          );
      if (outcome === "elsewhere") elsewhere.push(each);
      if (outcome === "failed") failed++;
      if (outcome === "given up") givenUp.push(runIdOf(study, each.variant.label, each.seed));
      if (outcome !== "interrupted") continue;
      reporter.ended();
      console.error(`study ${study.name}: stopped; go on with: ${clade} study ${file}`);
      process.exitCode = exitCodes.interrupted;
      return;
    }
    // Whoever works on them may die, and then they are free.
    if (elsewhere.length > 0)
      await sleep(lookAgainMs, undefined, { signal: interrupted.signal }).catch(() => {});
    left = elsewhere;
  }
  reporter.ended();
  if (failed > 0) {
    console.error(
      `study ${study.name}: ${plural(failed, "run")} failed; the same command tries them again`,
    );
    process.exitCode = exitCodes.failed;
  } else if (givenUp.length > 0) process.exitCode = exitCodes.membersGivenUp;
  for (const id of givenUp)
    console.error(
      `run ${id}: is done, but members were given up; ${clade} resume ${id} gives them another chance`,
    );
  if (!options.json) {
    console.log("");
    await compareStudy(study.name, options.store);
  }
}

/**
 * A study of which nothing can be compared, such as one of sizes without a baseline, is still
 * done.
 */
async function compareStudy(name: string, store: string | undefined): Promise<void> {
  try {
    await compareCommand([name], { ...(store !== undefined && { store }) });
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    console.log(error.message);
  }
}

/**
 * Every variant is checked before the first is run, but for what those that follow others will
 * find.
 */
async function checked(
  file: string,
  study: Study,
  plan: readonly PlannedVariant[],
): Promise<Experiment> {
  const original = await loadExperiment(study.experiment, {});
  const problems = new Map<string, Problem>();
  for (const variant of plan) {
    try {
      variant.settings(original);
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      // A setting of all variants is wrong once, not in each of them.
      for (const problem of error.problems) problems.set(JSON.stringify(problem), problem);
    }
  }
  if (problems.size > 0)
    throw new BadInputError(await placedIn("study", file, [...problems.values()]));
  return original;
}

/**
 * `given up`: done, but for members that were given up. `elsewhere`: another process works on it,
 * or on what it follows.
 */
type Outcome = "done" | "given up" | "failed" | "interrupted" | "elsewhere";

const outcomeOf = ({ state, failedMembers }: RunResult): Outcome =>
  state.kind !== "done" ? "failed" : failedMembers > 0 ? "given up" : "done";

/** Runs a variant with a seed to its end, if that has not been done already. */
async function advance(
  stores: Stores,
  study: Study,
  variant: PlannedVariant,
  seed: number,
  reporter: StudyReporter,
  signal: AbortSignal,
  options: Options,
): Promise<Outcome> {
  const { population } = stores;
  const followed =
    variant.follows === undefined ? undefined : runIdOf(study, variant.follows, seed);
  const id = runIdOf(study, variant.label, seed);
  const damaged = (await population.damagedRuns()).find(
    (run) => run.id === id || run.id === followed,
  );
  if (damaged) throw damageError(damaged);
  const runs = new Map((await population.runs()).map((run) => [run.id, run]));
  if (followed !== undefined) {
    const state = runs.get(followed)?.state.kind;
    if (state === undefined)
      throw new CladeError(`run ${followed}: was removed; start the study again`);
    if (state === "failed") {
      console.error(
        `run ${followed}: failed, so ${variant.label} has nothing to follow with seed ${seed}`,
      );
      return "failed";
    }
    if (state !== "done") return "elsewhere";
    if ((await resultOf(population, followed)).best === undefined) {
      console.error(
        `run ${followed}: has no scored snapshot, so ${variant.label} has nothing to follow`,
      );
      return "failed";
    }
  }
  const found = followed && (await foundIn(population, followed));
  const original = await loadExperiment(study.experiment, {});
  const settings = { ...variant.settings(original, found), seed };
  const experiment = await loadExperiment(study.experiment, settings);
  const existing = runs.get(id);
  const tell = (result: RunResult) => reporter.finished(variant, seed, result);
  if (existing) {
    const { name, variant: label } = existing.study ?? {};
    if (name !== study.name || label !== variant.label)
      throw new CladeError(
        `run ${id}: is no run of ${variant.label} of study ${study.name}; rename the study or the variant`,
      );
    refuseIfDifferent(
      existing,
      experiment,
      `undo the change, rename the study, or: ${clade} remove ${id}`,
    );
    if (existing.state.kind === "done") {
      const result = await resultOf(population, id);
      tell(result);
      return outcomeOf(result);
    }
    if ((await workersOf(population, existing)).length > 0) return "elsewhere";
    await releaseDeadWorkers(population, id);
    await population.resume(id);
  } else {
    const { label, method, point } = variant;
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
      await newRun(stores, experiment, seed, { id, source, study: place });
    } catch (error) {
      // Another process has made it since this one looked.
      if (error instanceof RunExistsError) return "elsewhere";
      throw error;
    }
  }
  const run: Run = await population.run(id);
  const { result, exitCode } = await execute(stores, run, {
    workers: workerProcesses(experiment, options),
    json: options.json ?? false,
    resumed: existing !== undefined,
    reporter: reporter.of(variant, seed),
    signal,
  });
  if (exitCode === exitCodes.interrupted) return "interrupted";
  tell(result);
  return outcomeOf(result);
}

/** A file name may have 255 bytes, and a run's checkpoints lie in a directory of its name. */
const longestWords = 150;

/**
 * The same for everybody, so that two processes that work on one study never make a run twice.
 * What an id cannot have, such as the sign of `rate=-1`, is told apart by a hash.
 */
function runIdOf({ name }: Study, label: string, seed: number): RunId {
  const words = `${name}-${label.replaceAll(/[^A-Za-z0-9.]+/g, "-").replace(/-$/, "")}`;
  const isPlain = /^[A-Za-z0-9.-]+( [A-Za-z0-9.]+=[A-Za-z0-9.]+)*$/.test(label);
  if (isPlain && words.length <= longestWords) return `${words}-seed-${seed}` as RunId;
  const hash = createHash("sha256").update(`${name} ${label}`).digest("hex").slice(0, 8);
  return `${words.slice(0, longestWords)}-${hash}-seed-${seed}` as RunId;
}
