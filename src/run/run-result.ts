/** What a run in a program has come to: its summary, its best model, and what was published. */
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { type History, readHistory } from "../analysis/history.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Run } from "../population-store/population-store.ts";
import type { Theme } from "../report/theme.ts";
import { type BestModel, bestModelOf } from "./best-model.ts";
import type { Program } from "./program.ts";
import { type RunFigures, runFigures } from "./run-figures.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";

/** Types are as of `Experiment`. */
export interface RunResult<H = Hyperparameters, M extends string = string, S = object, T = object>
  extends RunSummary<H, M> {
  readonly best?: BestModel<H, M, S, T>;
  /** Of the control with the same seed and budget, where one was asked for. */
  readonly control?: RunResult<H, M, S, T>;
  /** Why the control has no result. */
  readonly controlError?: unknown;
  /** Everything that was published, for `compareRuns`. */
  history(): Promise<History>;
  /** The run's report: one HTML page with all figures, which needs no other file. */
  report(): Promise<string>;
  /** The figures of the report, each as one SVG, for light paper (the default) or dark. */
  figures(theme?: Theme): Promise<RunFigures>;
}

export async function resultOf(
  program: Pick<Program, "populationStore" | "checkpoints">,
  run: Run,
  experiment: Experiment,
): Promise<RunResult> {
  const { populationStore } = program;
  const summary = await summaryOf(populationStore, run.id);
  const best = summary.best && (await bestModelOf(program, run, experiment, summary.best));
  const methods = {
    history: () => readHistory(populationStore, run.id),
    async report() {
      const { runReport } = await import("../report/run-report.ts");
      const notes = await populationStore.notes(run.id);
      const state = summary.state.kind;
      const { readRunHistory } = await import("../analysis/run-history.ts");
      const history = await readRunHistory(populationStore, run.id);
      const { best } = summary;
      const data = { best, history, notes, state, asOf: Date.now(), versions: {} };
      return runReport(data).page;
    },
    figures: (theme?: Theme) => runFigures(populationStore, run.id, theme),
  };
  // Methods are not enumerable, so that a result prints, compares and is sent as data.
  return Object.defineProperties(
    { ...summary, ...(best && { best }) } as RunResult,
    Object.fromEntries(Object.entries(methods).map(([name, value]) => [name, { value }])),
  );
}
