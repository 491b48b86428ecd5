import type { StrategyDescription } from "../algorithm/strategy.ts";
import type { RunNote } from "../population-store/population-store.ts";
import { html, type Markup } from "./html.ts";
import { noteLines } from "./note-lines.ts";
import { pairs, type Section } from "./page.ts";
import type { ReportOptions } from "./report-options.ts";
import { count, time } from "./words.ts";

/** Everything recorded on which the run's result depends. */
export function settingsSection({ history, notes, asOf, versions }: ReportOptions): Section {
  const { run } = history;
  const { experiment, source, study } = run;
  const { objective, budget } = experiment;
  const spent = Object.entries(budget).filter(([, limit]) => limit !== undefined);
  const space = Object.entries(experiment.hyperparameters);
  const changed = Object.entries(source?.settings ?? {});
  return {
    id: "settings",
    heading: "Settings and versions",
    content: [
      html`<h3>Experiment</h3>`,
      pairs([
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
        [
          "budget",
          spent
            .map(
              ([name, limit]) =>
                `${name} ${typeof limit === "number" ? count(limit) : JSON.stringify(limit)}`,
            )
            .join(", "),
        ],
        ["synchronous", experiment.synchronous ? "yes" : "no"],
        ["copies are evaluated again", experiment.reevaluate ? "yes" : "no"],
        ...(experiment.trainer === undefined ? [] : [["trainer", experiment.trainer] as const]),
        ...(experiment.initial.length === 0
          ? []
          : [["initial hyperparameters", JSON.stringify(experiment.initial)] as const]),
      ]),
      html`<h3>Search space</h3>`,
      pairs(space.map(([name, written]) => [name, html`<code>${written}</code>`])),
      html`<h3>Run</h3>`,
      pairs([
        ["run", run.id],
        ["seed", String(run.seed)],
        [
          "state",
          "reason" in run.state ? `${run.state.kind}: ${run.state.reason}` : run.state.kind,
        ],
        ["created", time(run.createdAt)],
        ["history read", time(asOf)],
        ["snapshots", count(history.snapshots.length)],
        ...(source ? [["experiment file", source.file] as const] : []),
        ...(changed.length > 0
          ? [
              [
                "settings changed for this run",
                changed.map(([path, given]) => `${path}=${JSON.stringify(given)}`).join(" "),
              ] as const,
            ]
          : []),
        ...(study ? [["study", `${study.name}, variant ${study.variant}`] as const] : []),
      ]),
      ...(notes.length > 0 ? [html`<h3>Notes</h3><ul>${said(notes)}</ul>`] : []),
      html`<h3>Versions</h3>`,
      pairs(Object.entries(versions)),
    ],
  };
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
