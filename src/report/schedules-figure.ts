/**
 * Each hyperparameter over the training steps: its distribution in the population, and the best
 * model's schedule.
 */
import * as Plot from "@observablehq/plot";
import type { HyperparameterValue } from "../algorithm/snapshot.ts";
import { type Curve, hyperparameterCurves } from "../analysis/curves.ts";
import { distribution, type Stretch } from "../analysis/distribution.ts";
import { type Axis, type Domain, domainOf, panel, ticks } from "./axes.ts";
import { bands } from "./bands.ts";
import { type Categories, categoryPlaces } from "./categories.ts";
import { type Figure, figure, figureWidth, type NoFigure } from "./figure.ts";
import { type LegendEntry, legend } from "./legend.ts";
import { linePath, px } from "./line-path.ts";
import type { RunData } from "./run-data.ts";
import { beside, type Part, path, stack } from "./svg.ts";

const columnGap = 20;
const columnWidth = (figureWidth - columnGap) / 2;
const panelHeight = 230;
/**
 * Leaves room for one row of the legend, so that panels with few categories are as high as those
 * of numbers.
 */
const sharesHeight = 206;

/** The height of the best model's categories above the shares, in shares. */
const strip = { low: 1.05, high: 1.14 };

type Scale = (value: number) => number;

export function schedulesFigure(data: RunData): Figure | NoFigure {
  const [name, title] = ["schedules", "Schedules"];
  const none = (why: string): NoFigure => ({ kind: "none", name, title, why });
  if (data.trained === 0)
    return none("No member has completed a generation yet, so there is no schedule.");
  if (data.hyperparameters.length === 0)
    return none("No member has a hyperparameter, so there is no schedule.");
  const x: Axis = { label: "training steps of the lineage", domain: [0, data.lastStep] };
  const axis = { ...x, ticks: ticks(x, 5) };
  const parts: Part[] = [legend(entries(data), figureWidth, 58)];
  const panels = data.hyperparameters.map(({ name, scale, values }) => {
    if (scale === "categories") return categoriesPanel(data, name, axis);
    return numbersPanel(data, name, scale, domainOf(values as readonly number[], scale), axis);
  });
  for (let index = 0; index < panels.length; index += 2)
    parts.push(beside(panels.slice(index, index + 2), columnGap));
  const best =
    data.bestLineage.length > 0
      ? " The thick line, or the strip above the shares, is the schedule of the best model."
      : "";
  const caption =
    "The hyperparameters of the whole population while it trained. Half of the members that " +
    "have one lie within the dark band, nine in ten within the light one; " +
    `categories are shares of the members.${best}`;
  return figure(name, title, caption, stack(parts, 10));
}

function numbersPanel(
  data: RunData,
  name: string,
  scale: "linear" | "log",
  domain: Domain,
  x: Axis,
): Part {
  const stretches = distribution(
    data.stretches,
    ({ hyperparameters }) => hyperparameters[name] as number | undefined,
  );
  const best = hyperparameterCurves(data.bestLineage, name) as readonly Curve[];
  return panel({
    width: columnWidth,
    height: panelHeight,
    x,
    y: {
      label: scale === "log" ? `${name} (log scale)` : name,
      domain,
      type: scale,
    },
    marks: [
      bands(stretches, "steps"),
      path(
        (x, y) =>
          linePath(
            best.map((curve) => curve.map(({ step, value }) => ({ x: x(step), y: y(value) }))),
          ),
        {
          stroke: "var(--best)",
          "stroke-width": 2.2,
          "stroke-linejoin": "round",
        },
      ),
    ],
  });
}

function categoriesPanel(data: RunData, name: string, x: Axis): Part {
  const stretches = distribution(data.stretches, ({ hyperparameters }) => hyperparameters[name]);
  const categories = categoryPlaces(stretches.flatMap(({ values }) => values));
  const best = hyperparameterCurves(data.bestLineage, name);
  const signs = legend(
    categories.labels.map((label, place) => ({
      sign: "area",
      color: `var(--category-${place})`,
      label,
    })),
    columnWidth,
    58,
  );
  const plotted = panel({
    width: columnWidth,
    height: sharesHeight,
    x,
    y: {
      label: `${name} (share of the members)`,
      domain: [0, best.length > 0 ? strip.high : 1],
      ticks: [0, 0.25, 0.5, 0.75, 1, ...(best.length > 0 ? [(strip.low + strip.high) / 2] : [])],
      format: (share) => (share > 1 ? "best" : `${Math.round(share * 100)} %`),
    },
    marks: [
      shareMarks(sharesOf(stretches, categories), categories),
      Plot.ruleY([0.25, 0.5, 0.75], { stroke: "var(--paper)", strokeOpacity: 0.4 }),
      best.length > 0 ? stripMarks(best, categories) : null,
    ],
  });
  return stack([plotted, signs]);
}

function shareMarks(shares: readonly Shares[], { labels }: Categories): Plot.Markish {
  return labels.map((_, place) =>
    path(
      (x, y) =>
        shares
          .map(({ fromStep, toStep, edges }) =>
            box(x, y, fromStep, toStep, edges[place]!, edges[place + 1]!),
          )
          .join(""),
      { fill: `var(--category-${place})` },
    ),
  );
}

/** The best model's categories, in a strip with a frame. */
function stripMarks(
  best: ReturnType<typeof hyperparameterCurves>,
  categories: Categories,
): Plot.Markish {
  const { low, high } = strip;
  const [begin, end] = [best[0]![0]!.step, best.at(-1)!.at(-1)!.step];
  return [
    categories.labels.map((_, place) =>
      path(
        (x, y) =>
          stretchesOf(best, categories, place)
            .map(([from, to]) => box(x, y, from, to, low, high))
            .join(""),
        { fill: `var(--category-${place})` },
      ),
    ),
    path((x, y) => box(x, y, begin, end, low, high), {
      stroke: "var(--best)",
      "stroke-width": 1.5,
    }),
  ];
}

interface Shares {
  readonly fromStep: number;
  readonly toStep: number;
  /** From 0 to 1, one more than categories. */
  readonly edges: readonly number[];
}

function sharesOf(stretches: readonly Stretch[], categories: Categories): readonly Shares[] {
  return stretches.flatMap(({ fromStep, toStep, values }, index) => {
    if (values.length === 0) return [];
    const counts = categories.labels.map(() => 0);
    for (const value of values) counts[categories.place(value)]!++;
    const edges = [0];
    for (const count of counts) edges.push(edges.at(-1)! + count / values.length);
    return [{ fromStep, toStep: stretches[index + 1]?.fromStep ?? toStep, edges }];
  });
}

/** The stretches in which a lineage had a category. */
function stretchesOf(
  curves: readonly Curve<HyperparameterValue>[],
  categories: Categories,
  place: number,
): readonly (readonly [from: number, to: number])[] {
  return curves.flatMap((curve) =>
    curve.slice(1).flatMap((point, index) => {
      const before = curve[index]!;
      const isStretch = before.value === point.value && categories.place(point.value) === place;
      return isStretch ? [[before.step, point.step] as const] : [];
    }),
  );
}

function box(x: Scale, y: Scale, from: number, to: number, low: number, high: number): string {
  if (low === high) return "";
  return `M${px(x(from))},${px(y(low))}H${px(x(to))}V${px(y(high))}H${px(x(from))}Z`;
}

function entries({ bestLineage, hyperparameters }: RunData): readonly LegendEntry[] {
  const hasNumbers = hyperparameters.some(({ scale }) => scale !== "categories");
  return [
    ...(bestLineage.length > 0
      ? [
          {
            sign: "line",
            color: "var(--best)",
            width: 2.5,
            label: "best model's schedule",
          } as const,
        ]
      : []),
    ...(hasNumbers
      ? ([
          { sign: "line", color: "var(--band-middle)", label: "median of the members" },
          { sign: "area", color: "var(--band-inner)", label: "25 to 75 %" },
          { sign: "area", color: "var(--band-outer)", label: "5 to 95 %" },
        ] as const)
      : []),
  ];
}
