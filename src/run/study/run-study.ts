/** A study inside a program, with workers in this process. Also works in a browser. */
import { BadInputError } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import { type History, readHistory } from "../../analysis/history.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { withSettings } from "../../experiment/settings.ts";
import { planStudy } from "../../experiment/study/plan.ts";
import { requirePlan } from "../../experiment/study/require-plan.ts";
import type { Study } from "../../experiment/study/study.ts";
import {
  type PopulationStore,
  type Run,
  RunExistsError,
  type RunId,
  RunNotFoundError,
} from "../../population-store/population-store.ts";
import { changesSince } from "../changes-since.ts";
import { requireRight } from "../check-options.ts";
import { createRun } from "../create-run.ts";
import { foundIn } from "../found-in.ts";
import { type Program, programOf, workInProgram } from "../program.ts";
import type { ProgramOptions } from "../program-options.ts";
import { type RunResult, resultOf } from "../run-result.ts";
import { tryTrainer } from "../try-trainer.ts";
import { type PlannedRun, requireOfStudy, studyRuns, whyNotFollowed } from "./study-runs.ts";

/** How a program works on the runs of a study. */
export interface RunStudyOptions extends ProgramOptions {
  /** The experiment that the study's variants change, where it names a file. */
  readonly experiment?: Experiment;
}

/** The runs of a study, and what was published in them. */
export interface StudyResult {
  /** One seed after another, with every variant; a run comes after the one that it follows. */
  readonly runs: readonly StudyRun[];
  /** What was published in those that were run, for `compareRuns`. */
  readonly histories: readonly History[];
}

/** A variant with a seed. */
export type StudyRun = {
  readonly run: RunId;
  /** Names the variant within the study, such as "pbt population=10". */
  readonly variant: string;
  readonly seed: number;
} & (
  | { readonly result: RunResult }
  /** The study was stopped before it, or the run that it follows has no best model. */
  | { readonly result?: undefined; readonly whyNot: string }
);

/** The public `runStudy`, on the host of the options. */
export async function runStudy(study: Study, options: RunStudyOptions = {}): Promise<StudyResult> {
  const program = programOf(options, ["experiment"]);
  const experiment = experimentOf(study, options.experiment);
  const { populationStore, sessionOf, signal } = program;
  const plan = planStudy(study);
  requirePlan(plan, experiment);
  await tryTrainer(experiment, study.seeds[0]!, sessionOf(experiment.trainer, experiment));

  const runs: StudyRun[] = [];
  const histories: History[] = [];
  for (const planned of studyRuns(study, plan)) {
    const { id, seed, variant, follows } = planned;
    const about = { run: id, variant: variant.label, seed };
    const whyNot = signal.aborted
      ? `run ${id}: the study was stopped before it`
      : follows &&
        (await whyNotFollowed(populationStore, await populationStore.run(follows), planned));
    if (whyNot !== undefined) {
      runs.push({ ...about, whyNot });
      continue;
    }
    runs.push({ ...about, result: await runPlanned(program, experiment, planned) });
    histories.push(await readHistory(populationStore, id));
  }
  return { runs, histories };
}

/** Runs it to its end, unless that is already done. */
async function runPlanned(
  program: Program,
  original: Experiment,
  planned: PlannedRun,
): Promise<RunResult> {
  const { populationStore } = program;
  const { seed, variant, follows } = planned;
  const found = follows && (await foundIn(populationStore, follows));
  const settings = { ...variant.settings(original, found), seed };
  const experiment = withSettings(original, settings);
  const run = await takenUp(populationStore, planned, experiment);
  if (run.state.kind !== "done") await workInProgram(program, run, experiment, { settings });
  return await resultOf(program, run, experiment);
}

/** The run as it exists, or a new one. */
async function takenUp(
  store: PopulationStore,
  planned: PlannedRun,
  experiment: Experiment,
): Promise<Run> {
  const { id, seed, study } = planned;
  const existing = await runOf(store, id);
  if (!existing) {
    try {
      return await createRun(store, experiment, seed, { id, study });
    } catch (error) {
      // Another program has created it since this one looked.
      if (!(error instanceof RunExistsError)) throw error;
      return await takenUp(store, planned, experiment);
    }
  }
  requireOfStudy(existing, planned);
  requireUnchanged(existing, experiment);
  if (existing.state.kind !== "stopped" && existing.state.kind !== "failed") return existing;
  await store.resume(id);
  return await store.run(id);
}

async function runOf(store: PopulationStore, id: RunId): Promise<Run | undefined> {
  return await store.run(id).catch((error) => {
    if (error instanceof RunNotFoundError) return undefined;
    throw error;
  });
}

function requireUnchanged(run: Run, experiment: Experiment): void {
  const problems = changesSince(run, experiment).map(({ key, before, now }) => ({
    path: key,
    value: String(now),
    rule: `is not what run ${run.id} began with, which is ${before}`,
    remedy: "undo the change, rename the study or remove the run",
  }));
  if (problems.length > 0) throw new BadInputError(problems);
}

/** A program in JavaScript may give anything. */
function experimentOf(study: Study, given: Experiment | undefined): Experiment {
  const bad = (path: string, value: unknown, rule: string, remedy: string) =>
    new BadInputError([{ path, value: show(value), rule, remedy }]);
  if (!Array.isArray(study?.variants) || !Array.isArray(study.seeds))
    throw bad("study", study, "is not a study", "give what defineStudy returns");
  const experiment = given ?? study.experiment;
  if (typeof experiment === "string") {
    const remedy = "give the option experiment with what defineExperiment returns";
    throw bad("experiment", experiment, "is a file, and a program needs the experiment", remedy);
  }
  requireRight("experiment", experiment);
  return experiment;
}
