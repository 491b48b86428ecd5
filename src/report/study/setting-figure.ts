/**
 * The effect of one setting of a study's grid on the final score, for all values of the others.
 */
import * as Plot from "@observablehq/plot";
import type { ComparedVariant, Comparison } from "../../analysis/comparison/compare.ts";
import { domainOf, panel } from "../axes.ts";
import { type Figure, figure, figureWidth } from "../figure.ts";
import { type LegendEntry, legend } from "../legend.ts";
import { stack } from "../svg.ts";
import { categoryColors } from "../theme.ts";
import { plural, shortened } from "../words.ts";
import { betterIs } from "./interval-figure.ts";

/** Variants that differ in this setting only. */
interface Series {
  readonly method: string;
  readonly points: readonly { readonly x: number; readonly variant: ComparedVariant }[];
}

interface Look {
  readonly color: string;
  /** The shift to the right of its points, so that methods do not hide each other. */
  readonly dodge: number;
}

/** One figure for each setting of the grid with more than one value. */
export function settingFigures(comparison: Comparison): readonly Figure[] {
  const paths = new Set(comparison.variants.flatMap(({ point }) => Object.keys(point)));
  return [...paths].flatMap((path) => {
    const varying = comparison.variants.filter(({ point }) => Object.hasOwn(point, path));
    const values = [...new Set(varying.map(({ point }) => shown(point[path])))];
    return values.length < 2 ? [] : [settingFigure(comparison, path, values, varying)];
  });
}

function settingFigure(
  { metric, direction }: Comparison,
  path: string,
  values: readonly string[],
  variants: readonly ComparedVariant[],
): Figure {
  const series = seriesOf(path, values, variants);
  const methods = [...new Set(series.map(({ method }) => method))].slice(0, categoryColors);
  const drawn = series.filter(({ method }) => methods.includes(method));
  const looks = methods.map((method, index) => ({
    method,
    own: drawn.filter((each) => each.method === method),
    color: `var(--category-${index})`,
    dodge: (index - (methods.length - 1) / 2) * 0.06,
  }));
  const scores = drawn.flatMap(({ points }) =>
    points.flatMap(({ variant: { iqm, interval } }) => [
      iqm,
      ...(interval ? [interval.low, interval.high] : []),
    ]),
  );
  const part = panel({
    width: figureWidth,
    height: 320,
    x: {
      label: path,
      domain: [-0.5, values.length - 0.5],
      ticks: values.map((_, index) => index),
      format: (place) => shortened(values[place] ?? "", Math.floor(110 / values.length)),
    },
    y: {
      label: `${metric}, final, of the best model (${betterIs(direction)})`,
      domain: domainOf(scores, "linear"),
    },
    marks: [
      looks.map((look) => seriesMarks(look.own, look)),
      looks.map((look) => meanMarks(look.own, values, look)),
    ],
  });
  const entries = looks.map(
    ({ method, own, color }): LegendEntry => ({
      sign: "line",
      color,
      width: 2.5,
      label: legendOf(method, own.length),
    }),
  );
  const caption =
    `Interquartile means over seeds for each value of ${path}. ` +
    "Where a method was also run with other settings of the grid, thin lines show those, " +
    "and the thick line is their mean; otherwise bars are 95% intervals.";
  return figure(
    `setting-${path.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase()}`,
    path,
    caption,
    stack([legend(entries, figureWidth), part], 4),
  );
}

/** The series of a method, or the intervals of its only one. */
function seriesMarks(series: readonly Series[], { color, dodge }: Look): Plot.Markish {
  const x = ({ x }: { readonly x: number }) => x + dodge;
  return series.map(({ points }) =>
    series.length > 1
      ? Plot.line(points, {
          x,
          y: ({ variant }) => variant.iqm,
          stroke: color,
          strokeOpacity: 0.3,
        })
      : Plot.ruleX(
          points.filter(({ variant }) => variant.interval),
          {
            x,
            y1: ({ variant }) => variant.interval!.low,
            y2: ({ variant }) => variant.interval!.high,
            stroke: color,
            strokeWidth: 2,
          },
        ),
  );
}

function meanMarks(
  series: readonly Series[],
  values: readonly string[],
  { color, dodge }: Look,
): Plot.Markish {
  const means = meanOf(series, values);
  const x = ({ x }: { readonly x: number }) => x + dodge;
  return [
    Plot.line(means, { x, y: "y", stroke: color, strokeWidth: 2.5 }),
    Plot.dot(means, { x, y: "y", r: 4.5, fill: color, stroke: "var(--paper)" }),
  ];
}

function seriesOf(
  path: string,
  values: readonly string[],
  variants: readonly ComparedVariant[],
): readonly Series[] {
  const series = new Map<string, { method: string; points: Series["points"][number][] }>();
  for (const variant of variants) {
    const { [path]: value, ...others } = variant.point;
    const key = JSON.stringify([variant.method, others]);
    const known = series.get(key) ?? { method: variant.method, points: [] };
    known.points.push({ x: values.indexOf(shown(value)), variant });
    series.set(key, known);
  }
  for (const { points } of series.values()) points.sort((a, b) => a.x - b.x);
  return [...series.values()];
}

/** The mean over the series that have a value, at each value. */
function meanOf(series: readonly Series[], values: readonly string[]) {
  return values.flatMap((_, x) => {
    const scores = series.flatMap(({ points }) =>
      points.filter((point) => point.x === x).map(({ variant }) => variant.iqm),
    );
    return scores.length === 0
      ? []
      : [{ x, y: scores.reduce((sum, score) => sum + score, 0) / scores.length }];
  });
}

function legendOf(method: string, count: number): string {
  return count === 1 ? method : `${method}: mean over ${plural(count, "other combination")}`;
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
