/**
 * Performance and hyperparameters of all members against the training steps of their weights. The
 * best model's lineage is one line, across all members through which it was copied.
 */
import * as Plot from "@observablehq/plot";
import type { TreeSnapshot } from "../algorithm/snapshot.ts";
import {
  type Curve,
  earnedScore,
  hyperparameterCurves,
  partsOf,
  scoreCurves,
} from "../analysis/curves.ts";
import { distribution } from "../analysis/distribution.ts";
import { type Axis, domainOf, panel, ticks } from "./axes.ts";
import { bands } from "./bands.ts";
import { categoryAxis, categoryPlaces } from "./categories.ts";
import { type Figure, figure, figureWidth, type NoFigure } from "./figure.ts";
import { type LegendEntry, legend } from "./legend.ts";
import { linePath } from "./line-path.ts";
import type { RunData } from "./run-data.ts";
import { beside, type Part, path, stack } from "./svg.ts";
import { count, plural } from "./words.ts";

/** Above these limits, extinct branches are drawn as quantiles of the population. */
const maxMembers = 60;
const maxSnapshots = 12_000;

/** If the lineage has more copies than this, they are not marked. */
const maxCopyMarks = 60;

/** A longer lineage is drawn with a thin line. */
const maxThickSnapshots = 1_000;

const columnGap = 20;

const hyperparameterHeight = 200;

/** A part of the population's lines, all in one colour. */
interface Strand {
  readonly lineages: readonly (readonly TreeSnapshot[])[];
  readonly isBest?: boolean;
  readonly stroke: { readonly [attribute: string]: string | number };
}

export function lineageFigure(data: RunData): Figure | NoFigure {
  const [name, title] = ["lineage", "Lineage"];
  const { scores, lastStep, trained } = data;
  if (trained === 0)
    return {
      kind: "none",
      name,
      title,
      why: "No member has completed a generation yet, so there is nothing to draw.",
    };
  const asBands = data.history.run.experiment.population > maxMembers || trained > maxSnapshots;
  const strands = strandsOf(data, asBands);
  const x: Axis = { label: "training steps of the lineage", domain: [0, lastStep] };
  const parts: Part[] = [legend(entries(data, asBands), figureWidth, 58)];
  if (scores) parts.push(scorePanel(data, strands, x, asBands));
  const columnWidth = (figureWidth - columnGap) / 2;
  const panels = data.hyperparameters.map((hyperparameter) =>
    hyperparameterPanel(data, hyperparameter, strands, x, asBands, columnWidth),
  );
  for (let index = 0; index < panels.length; index += 2)
    parts.push(beside(panels.slice(index, index + 2), columnGap));
  return figure(name, title, captionOf(data, asBands), stack(parts, 10));
}

function strandsOf({ branches, bestLineage }: RunData, asBands: boolean): readonly Strand[] {
  const drawn = asBands ? branches.filter(({ surviving }) => surviving > 0) : branches;
  const parts = drawn.map(partsOf);
  const surviving = parts.flatMap(({ surviving }) => (surviving.length > 0 ? [surviving] : []));
  const extinct = parts.flatMap(({ extinct }) => (extinct.length > 0 ? [extinct] : []));
  return [
    ...(asBands
      ? []
      : [{ lineages: extinct, stroke: { stroke: "var(--faint)", "stroke-width": 1 } }]),
    {
      lineages: surviving,
      // Together they would hide the quantiles below.
      stroke: {
        stroke: "var(--middle)",
        "stroke-width": 1.1,
        "stroke-opacity": surviving.length > 100 ? 0.3 : 1,
      },
    },
    ...(bestLineage.length > 0
      ? [
          {
            lineages: [bestLineage],
            isBest: true,
            stroke: {
              stroke: "var(--best)",
              "stroke-width": bestLineage.length > maxThickSnapshots ? 1.3 : 2.2,
            },
          },
        ]
      : []),
  ];
}

function scorePanel(data: RunData, strands: readonly Strand[], x: Axis, asBands: boolean): Part {
  const { domain, label } = data.scores!;
  const [low, high] = domain;
  const within = (value: number) => Math.min(high, Math.max(low, value));
  return panel({
    width: figureWidth,
    height: 320,
    x,
    y: { label, domain },
    marks: [
      asBands ? bands(distribution(data.stretches, earnedScore), "points", within) : null,
      strands.map(({ lineages, stroke }) => lines(lineages.flatMap(scoreCurves), within, stroke)),
      copyMarks(data, within),
    ],
  });
}

/** Marks where the best model's lineage continues in another member. */
function copyMarks({ bestLineage }: RunData, within: (value: number) => number): Plot.Markish {
  const copies = bestLineage.flatMap((snapshot, index) => {
    const donor = bestLineage[index - 1];
    if (!donor || donor.member === snapshot.member || donor.score === undefined) return [];
    const [recipient, at] = [snapshot.member, count(donor.step)];
    const title = `member ${recipient} copied member ${donor.member} at step ${at}`;
    return [{ step: donor.step, score: within(donor.score), title }];
  });
  if (copies.length > maxCopyMarks) return null;
  return Plot.dot(copies, {
    x: "step",
    y: "score",
    r: 3.5,
    fill: "var(--paper)",
    stroke: "var(--best)",
    strokeWidth: 1.5,
    title: "title",
  });
}

function hyperparameterPanel(
  data: RunData,
  { name, scale, values }: RunData["hyperparameters"][number],
  strands: readonly Strand[],
  x: Axis,
  asBands: boolean,
  width: number,
): Part {
  if (scale === "categories") return categoriesPanel(data, name, strands, x, width);
  const domain = domainOf(values as readonly number[], scale);
  const quantiles = () =>
    bands(
      distribution(
        data.stretches,
        ({ hyperparameters }) => hyperparameters[name] as number | undefined,
      ),
      "steps",
    );
  return panel({
    width,
    height: hyperparameterHeight,
    x: { ...x, ticks: ticks(x, 5) },
    y: { label: scale === "log" ? `${name} (log scale)` : name, domain, type: scale },
    marks: [
      asBands ? quantiles() : null,
      strands.map(({ lineages, stroke }) =>
        lines(
          lineages.flatMap((lineage) => hyperparameterCurves(lineage, name)) as Curve[],
          (value) => value,
          stroke,
        ),
      ),
    ],
  });
}

function categoriesPanel(
  data: RunData,
  name: string,
  strands: readonly Strand[],
  x: Axis,
  width: number,
): Part {
  const stretches = distribution(data.stretches, ({ hyperparameters }) => hyperparameters[name]);
  const categories = categoryPlaces(stretches.flatMap(({ values }) => values));
  const { population } = data.history.run.experiment;
  const { axis, marginLeft, separators } = categoryAxis(name, categories);
  return panel({
    width,
    height: hyperparameterHeight,
    x,
    y: axis,
    marginLeft,
    grid: false,
    marks: [
      Plot.ruleY(separators, { stroke: "var(--grid)" }),
      strands.map(({ lineages, stroke, isBest }) => {
        const placed = lineages.flatMap((lineage) => {
          // Side by side within the band, so that equal values do not hide each other.
          const { member } = lineage.at(-1)!;
          const offset = isBest ? 0 : ((member + 0.5) / population - 0.5) * 0.7;
          return hyperparameterCurves(lineage, name).map((curve) =>
            curve.map(({ step, value }) => ({ step, value: categories.place(value) + offset })),
          );
        });
        return lines(placed, (value) => value, stroke);
      }),
    ],
  });
}

function lines(
  curves: readonly Curve[],
  within: (value: number) => number,
  attributes: { readonly [name: string]: string | number },
): Plot.Markish {
  const line = (x: (value: number) => number, y: (value: number) => number) =>
    linePath(
      curves.map((curve) => curve.map(({ step, value }) => ({ x: x(step), y: y(within(value)) }))),
    );
  return path(line, { "stroke-linejoin": "round", "stroke-linecap": "round", ...attributes });
}

function entries({ bestLineage, scores }: RunData, asBands: boolean): readonly LegendEntry[] {
  const marked = scores && bestLineage.length > 0;
  return [
    ...(bestLineage.length > 0
      ? [
          {
            sign: "line",
            color: "var(--best)",
            width: 2.5,
            label: "lineage of the best model",
          } as const,
        ]
      : []),
    ...(marked
      ? [{ sign: "dot", color: "var(--best)", open: true, label: "copied" } as const]
      : []),
    { sign: "line", color: "var(--middle)", label: "other surviving branches" },
    ...(asBands
      ? ([
          { sign: "area", color: "var(--band-inner)", label: "all members: middle half" },
          { sign: "area", color: "var(--band-outer)", label: "5 to 95 %" },
          { sign: "line", color: "var(--band-middle)", label: "median" },
        ] as const)
      : ([{ sign: "line", color: "var(--faint)", width: 2, label: "extinct branches" }] as const)),
  ];
}

function captionOf({ bestLineage, scores, branches }: RunData, asBands: boolean): string {
  const members = new Set(bestLineage.map(({ member }) => member)).size;
  const copies = bestLineage.filter(
    (snapshot, index) => index > 0 && bestLineage[index - 1]!.member !== snapshot.member,
  ).length;
  return [
    scores
      ? "The score at the end of every generation, and below it the hyperparameters in " +
        "use, against the steps that the weights had seen."
      : "No snapshot has a score, so only the hyperparameters are drawn, " +
        "against the steps that the weights had seen.",
    bestLineage.length > 0
      ? "The thick line is the history of the best model's weights: " +
        `${plural(members, "member")} and ${plural(copies, "copy", "copies")} made it.`
      : "",
    asBands
      ? "Surviving branches, the ancestors of members' newest weights, are drawn over the " +
        "quantiles of all members."
      : "Surviving branches are ancestors of some member's newest weights; the others died out. " +
        `There are ${plural(branches.length, "branch", "branches")}.`,
    scores && scores.beyond > 0
      ? `${plural(scores.beyond, "score lies", "scores lie")} outside the frame, ` +
        `and ${scores.beyond === 1 ? "is" : "are"} drawn at its edge.`
      : "",
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}
