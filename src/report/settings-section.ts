import type { StrategyDescription } from "../algorithm/strategy.ts";
import type { RunHistory } from "../analysis/run-history.ts";
import type { ExperimentDescription } from "../experiment/experiment.ts";
import type { RunNote } from "../population-store/population-store.ts";
import { html, type Markup } from "./html.ts";
import { noteLines } from "./note-lines.ts";
import { pairs, type Section } from "./page.ts";
import type { ReportOptions } from "./report-options.ts";
import { count, time } from "./words.ts";

/** Everything recorded on which the run's result depends. */
export function settingsSection({ history, notes, asOf, versions }: ReportOptions): Section {
  const { experiment } = history.run;
  const space = Object.entries(experiment.hyperparameters);
  return {
    id: "settings",
    heading: "Settings and versions",
    content: [
      html`<h3>Experiment</h3>`,
      experimentPairs(experiment),
      html`<h3>Search space</h3>`,
      pairs(space.map(([name, written]) => [name, html`<code>${written}</code>`])),
      html`<h3>Run</h3>`,
      runPairs(history, asOf),
      ...(notes.length > 0 ? [html`<h3>Notes</h3><ul>${said(notes)}</ul>`] : []),
      html`<h3>Versions</h3>`,
      pairs(Object.entries(versions)),
    ],
  };
}

function experimentPairs(experiment: ExperimentDescription): Markup {
  const { objective, budget, trainer, initial } = experiment;
  const limits = Object.entries(budget)
    .filter(([, limit]) => limit !== undefined)
    .map(
      ([name, limit]) =>
        `${name} ${typeof limit === "number" ? count(limit) : JSON.stringify(limit)}`,
    );
  return pairs([
    ["name", experiment.name],
    ["population", count(experiment.population)],
    [
      "objective",
      `${objective.direction} ${objective.metric}` +
        (objective.final === undefined ? "" : `, best model by ${objective.final}`),
    ],
    ["ready", strategy(experiment.ready)],
    ["exploit", strategy(experiment.exploit)],
    ["explore", `${strategy(experiment.explore)}, after every ${experiment.exploreEvery}`],
    ["budget", limits.join(", ")],
    ["synchronous", experiment.synchronous ? "yes" : "no"],
    ["copies are evaluated again", experiment.reevaluate ? "yes" : "no"],
    ...(trainer === undefined ? [] : [["trainer", trainer] as const]),
    ...(initial.length === 0
      ? []
      : [["initial hyperparameters", JSON.stringify(initial)] as const]),
  ]);
}

function runPairs({ run, snapshots }: RunHistory, asOf: number): Markup {
  const { state, source, study } = run;
  const changed = Object.entries(source?.settings ?? {}).map(
    ([path, given]) => `${path}=${JSON.stringify(given)}`,
  );
  return pairs([
    ["run", run.id],
    ["seed", String(run.seed)],
    ["state", "reason" in state ? `${state.kind}: ${state.reason}` : state.kind],
    ["created", time(run.createdAt)],
    ["history read", time(asOf)],
    ["snapshots", count(snapshots.length)],
    ...(source ? [["experiment file", source.file] as const] : []),
    ...(changed.length > 0 ? [["settings changed for this run", changed.join(" ")] as const] : []),
    ...(study ? [["study", `${study.name}, variant ${study.variant}`] as const] : []),
  ]);
}

function said(notes: readonly RunNote[]): readonly Markup[] {
  return notes.flatMap(noteLines).map((line) => html`<li>${line}</li>`);
}

function strategy({ name, options }: StrategyDescription): string {
  const given = Object.entries(options).map(
    ([option, value]) => `${option}: ${JSON.stringify(value)}`,
  );
  return given.length === 0 ? name : `${name}({ ${given.join(", ")} })`;
}
