/** The report of a run as one page, and its figures. */
import type { Snapshot, TreeSnapshot } from "../algorithm/snapshot.ts";
import { memberOf } from "../algorithm/snapshot.ts";
import type { RunHistory } from "../analysis/run-history.ts";
import { bestModelSection } from "./best-model-section.ts";
import { decisionsSection } from "./decisions-section.ts";
import { failuresSection } from "./failures-section.ts";
import type { Figure, NoFigure } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import { lineageFigure } from "./lineage-figure.ts";
import { withoutEffect } from "./note-lines.ts";
import { page, type Section } from "./page.ts";
import type { ReportOptions } from "./report-options.ts";
import { type RunData, runData } from "./run-data.ts";
import { schedulesFigure } from "./schedules-figure.ts";
import { settingsSection } from "./settings-section.ts";
import { treeFigure } from "./tree-figure.ts";
import { count, duration, number, plural, time } from "./words.ts";

export interface Report {
  readonly page: string;
  readonly figures: readonly Figure[];
}

/** The figures of a run, by name. */
export function figuresOf(history: RunHistory, best: Snapshot | undefined) {
  return drawnFrom(runData(history, best));
}

function drawnFrom(data: RunData) {
  return {
    lineage: lineageFigure(data),
    tree: treeFigure(data),
    schedules: schedulesFigure(data),
  };
}

export function runReport(options: ReportOptions): Report {
  const data = runData(options.history, options.best);
  const figures = Object.values(drawnFrom(data));
  const { id } = options.history.run;
  const sections: Section[] = [
    bestModelSection(data, options.best),
    ...figures.map((drawn) => ({ id: drawn.name, heading: drawn.title, content: [drawn] })),
    decisionsSection(data),
    failuresSection(options.history),
    settingsSection(options),
  ];
  return {
    page: page({ title: `Run ${id}`, lead: lead(options, data), sections }),
    figures: figures.filter(
      (drawn: Figure | NoFigure): drawn is Figure => drawn.kind === "figure",
    ),
  };
}

function lead(
  { history, notes, best, state, asOf }: ReportOptions,
  { lastGeneration }: RunData,
): Markup {
  const { run, totals, seconds, snapshots } = history;
  const { objective, population } = run.experiment;
  const newest = new Map<number, TreeSnapshot>();
  for (const snapshot of snapshots) newest.set(snapshot.member, snapshot);
  const steps = [...newest.values()].reduce((sum, { memberSteps }) => sum + memberSteps, 0);
  const final = objective.final;
  const facts: (readonly [string, string])[] = [
    [`best ${objective.metric}`, number(best?.score)],
    ...(final === undefined
      ? []
      : [[`${final} (held out)`, number(best?.metrics[final])] as const]),
    ["best model", best ? `member ${memberOf(best.id)}, step ${count(best.step)}` : "none"],
    ["members", count(population)],
    ["generations", count(lastGeneration)],
    ["copies", count(totals.decisions.copy ?? 0)],
    ["training steps", count(steps)],
    ["time", duration(seconds)],
  ];
  return html`${stateSentence(state, history, asOf)}
${withoutEffect(notes).map((warning) => html`<p class="notice">Warning: ${warning}.</p>`)}
<dl class="facts">${facts.map(fact)}</dl>`;
}

function fact([name, value]: readonly [string, string]): Markup {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function stateSentence(
  state: string,
  { run, totals, snapshots }: RunHistory,
  asOf: number,
): Markup {
  const { experiment, seed, createdAt } = run;
  const what = `Experiment ${experiment.name}, seed ${seed}, started ${time(createdAt)}.`;
  const failed =
    totals.failures > 0
      ? html` There were <a href="#failures">${plural(totals.failures, "failure")}</a>.`
      : undefined;
  if (state === "running")
    return html`<p class="notice">As of ${time(asOf)} this run is still running,
with ${plural(snapshots.length, "snapshot")}; what follows is its history so far.</p>
<p class="lead">${what}${failed}</p>`;
  const reason = "reason" in run.state ? `: ${run.state.reason}` : "";
  const words: { readonly [state: string]: string } = {
    done: `Done${reason}.`,
    failed: `Failed${reason}.`,
    stopped: `Stopped before its budget was spent; it can be resumed. As of ${time(asOf)}.`,
    "not begun": `No worker has worked on it yet. As of ${time(asOf)}.`,
    interrupted: `Interrupted: it has not ended, but no worker is active. As of ${time(asOf)}.`,
  };
  const sentence = words[state] ?? `${state}.`;
  return state === "done"
    ? html`<p class="lead">${sentence} ${what}${failed}</p>`
    : html`<p class="notice">${sentence}</p><p class="lead">${what}${failed}</p>`;
}
