/**
 * The report of a study, or of any compared runs: verdicts, figures, and every number behind them.
 */
import type { ComparedVariant, Comparison } from "../../analysis/comparison/compare.ts";
import { withInterval } from "../../analysis/comparison/verdict.ts";
import type { ExperimentDescription } from "../../experiment/experiment.ts";
import type { Figure } from "../figure.ts";
import { html, type Markup } from "../html.ts";
import { page, pairs, tableElement } from "../page.ts";
import { count, duration, number, plural, time } from "../words.ts";
import { betterIs, intervalFigure } from "./interval-figure.ts";
import { progressFigure } from "./progress-figure.ts";
import { settingFigures } from "./setting-figure.ts";

export interface StudyReportOptions {
  readonly title: string;
  /** Of one of the runs. The settings in which variants differ are in their names. */
  readonly experiment: ExperimentDescription;
  /** Remarks on what was left out and what was unequal, as `clade compare` prints them. */
  readonly notes: readonly string[];
  /** When the runs were read: Unix time in milliseconds. */
  readonly asOf: number;
  readonly versions: { readonly [name: string]: string };
}

export function studyReport(
  comparison: Comparison,
  { title, experiment, notes, asOf, versions }: StudyReportOptions,
): { readonly page: string; readonly figures: readonly Figure[] } {
  const { variants, metric, direction } = comparison;
  const scores = intervalFigure(comparison);
  const progress = progressFigure(comparison);
  const settings = settingFigures(comparison);
  const runs = variants.reduce((sum, variant) => sum + variant.runs.length, 0);
  const lead = html`<p class="lead">${plural(variants.length, "variant")}, ${plural(runs, "run")},
compared by the final ${metric} of their best models (${betterIs(direction)}).</p>`;
  const sections = [
    { id: "verdicts", heading: "What can be said", content: [verdicts(variants), remarks(notes)] },
    { id: "scores", heading: "Final scores", content: [scores, scoreTable(comparison)] },
    {
      id: "progress",
      heading: "Score against steps and time",
      content: [progress, reachedTable(comparison)],
    },
    ...(settings.length > 0
      ? [{ id: "settings", heading: "What a setting does", content: settings }]
      : []),
    { id: "runs", heading: "Runs", content: [runTable(comparison)] },
    {
      id: "experiment",
      heading: "Experiment and versions",
      content: [described(experiment, asOf, versions)],
    },
  ];
  const figures = [scores, progress, ...settings].filter((each) => each.kind === "figure");
  return { page: page({ title, lead, sections }), figures };
}

function verdicts(variants: readonly ComparedVariant[]): Markup {
  const rows = variants.flatMap(({ name, against }) =>
    against ? [[name, against.baseline, html`${against.sentence}`]] : [],
  );
  if (rows.length === 0) return html`<p>There is no baseline to compare with.</p>`;
  return tableElement(["variant", "beside", "verdict"], rows);
}

function remarks(notes: readonly string[]): Markup {
  return html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`;
}

function scoreTable({ variants, metric }: Comparison): Markup {
  const rows = variants.map(({ name, runs, iqm, interval, totalSteps, seconds, against }) => [
    name,
    String(runs.length),
    interval ? withInterval(iqm, interval) : number(iqm),
    against?.difference.interval
      ? withInterval(against.difference.value, against.difference.interval)
      : "",
    against ? withInterval(against.improvement.value, against.improvement.interval) : "",
    count(Math.round(totalSteps)),
    seconds === undefined ? "unknown" : duration(seconds),
  ]);
  const header = [
    "variant",
    "seeds",
    `${metric} [95%]`,
    "difference [95%]",
    "P(better) [95%]",
    "steps",
    "time",
  ];
  return tableElement(header, rows, new Set(header.slice(1)));
}

function reachedTable({ variants, steering }: Comparison): Markup {
  const rows = variants.flatMap(({ name, against }) =>
    against
      ? [
          [
            name,
            against.baseline,
            against.reached.steps === undefined ? "never" : count(against.reached.steps),
            against.reached.seconds === undefined ? "" : duration(against.reached.seconds),
          ],
        ]
      : [],
  );
  if (rows.length === 0) return html``;
  const header = ["variant", "baseline", "total steps", "time"];
  return html`<p>Until the median run had reached the final best ${steering} of its baseline:</p>
${tableElement(header, rows, new Set(header.slice(2)))}`;
}

function runTable({ variants, metric }: Comparison): Markup {
  const rows = variants.flatMap(({ name, runs }) =>
    runs.map(({ run, seed, score, totalSteps, seconds }) => [
      run,
      name,
      String(seed),
      number(score),
      count(totalSteps),
      seconds === undefined ? "was stopped in between" : duration(seconds),
    ]),
  );
  const header = ["run", "variant", "seed", metric, "steps", "time"];
  return tableElement(header, rows, new Set(header.slice(2)));
}

function described(
  experiment: ExperimentDescription,
  asOf: number,
  versions: StudyReportOptions["versions"],
): Markup {
  const { hyperparameters, objective, trainer } = experiment;
  const lead =
    "Variants differ in the settings that their names give, and in what their method changes.";
  return html`<p>${lead}</p>${pairs([
    ...Object.entries(hyperparameters),
    [
      "objective",
      `${objective.direction} ${objective.metric}` +
        (objective.final ? `, final choice by ${objective.final}` : ""),
    ],
    ...(trainer === undefined ? [] : [["trainer", trainer] as const]),
    ["report made", time(asOf)],
    ...Object.entries(versions),
  ])}`;
}
