/**
 * The variants of a study side by side: every seed's final score, the interquartile mean and its
 * interval.
 */
import * as Plot from "@observablehq/plot";
import type { ComparedVariant, Comparison } from "../../analysis/comparison/compare.ts";
import { domainOf, panel } from "../axes.ts";
import { type Figure, figure, figureWidth } from "../figure.ts";
import { type LegendEntry, legend } from "../legend.ts";
import { stack } from "../svg.ts";
import { textWidth } from "../text-width.ts";
import { number, plural, shortened } from "../words.ts";

const rowHeight = 26;
const longestName = 44;

/** Colours by the verdict on a variant. */
const colors = {
  better: "var(--band-middle)",
  worse: "var(--best)",
  open: "var(--middle)",
  baseline: "var(--ink)",
} as const;

type Standing = keyof typeof colors;

interface Row {
  readonly y: number;
  readonly variant: ComparedVariant;
  readonly color: string;
}

export function intervalFigure({ variants, metric, direction }: Comparison): Figure {
  const baselines = new Set(variants.flatMap(({ against }) => against?.baseline ?? []));
  const rows = variants.map(
    (variant, y): Row => ({
      y,
      variant,
      color: colors[standing(variant, baselines)],
    }),
  );
  const settings = [...new Set(variants.flatMap(({ point }) => Object.keys(point)))];
  const names = variants.map((variant) => shortened(rowName(variant), longestName));
  const seeds = rows.flatMap(({ y, color, variant }) =>
    variant.runs.map(({ score, seed }) => ({
      x: score,
      y,
      color,
      title: `seed ${seed}: ${number(score)}`,
    })),
  );
  const intervals = rows.flatMap(({ y, color, variant: { interval } }) =>
    interval ? [{ y, color, ...interval }] : [],
  );
  const domain = domainOf(
    [...seeds.map(({ x }) => x), ...intervals.flatMap(({ low, high }) => [low, high])],
    "linear",
  );
  const [only] = baselines.size === 1 ? [...baselines] : [];
  const baseline = variants.find(({ name }) => name === only);
  const drawn = panel({
    width: figureWidth,
    height: 70 + rowHeight * variants.length,
    marginLeft: 16 + Math.max(...names.map((name) => textWidth(name))),
    grid: false,
    x: { label: `${metric}, final, of the best model (${betterIs(direction)})`, domain },
    y: {
      label: ["variant", ...settings].join(", "),
      domain: [variants.length - 0.5, -0.5],
      ticks: names.map((_, index) => index),
      format: (place) => names[place] ?? "",
    },
    marks: [
      Plot.ruleY(
        names.slice(1).map((_, index) => index + 0.5),
        { stroke: "var(--grid)" },
      ),
      baseline
        ? Plot.ruleX([baseline.iqm], { stroke: "var(--muted)", strokeDasharray: "3,3" })
        : null,
      rowMarks(rows, seeds, intervals),
    ],
  });
  const standings = new Set(variants.map((variant) => standing(variant, baselines)));
  const signs = legend(entries(standings, baseline?.name), figureWidth);
  const caption =
    "Dots are interquartile means over seeds, bars their 95% intervals, " +
    `thin strokes single seeds (${seedsOf(variants)}). The colour shows the verdict.`;
  return figure("scores", "Final scores", caption, stack([signs, drawn], 4));
}

function rowMarks(
  rows: readonly Row[],
  seeds: readonly { readonly y: number }[],
  intervals: readonly object[],
): Plot.Markish {
  return [
    Plot.ruleX(seeds, {
      x: "x",
      y1: ({ y }) => y - 0.28,
      y2: ({ y }) => y + 0.28,
      stroke: "color",
      strokeOpacity: 0.45,
      title: "title",
    }),
    Plot.ruleY(intervals, { y: "y", x1: "low", x2: "high", stroke: "color", strokeWidth: 3 }),
    Plot.dot(rows, {
      x: ({ variant }) => variant.iqm,
      y: "y",
      r: 5,
      fill: "color",
      stroke: "var(--paper)",
      title: ({ variant }) => `${variant.name}: ${number(variant.iqm)}`,
    }),
  ];
}

function entries(
  standings: ReadonlySet<Standing>,
  baseline: string | undefined,
): readonly LegendEntry[] {
  const dots = [
    { sign: "dot", color: colors.better, label: "better than its baseline", standing: "better" },
    { sign: "dot", color: colors.worse, label: "worse", standing: "worse" },
    {
      sign: "dot",
      color: colors.open,
      label: "no difference shown, or not compared",
      standing: "open",
    },
    { sign: "dot", color: colors.baseline, label: "baseline", standing: "baseline" },
  ] as const;
  const mean = `mean of ${baseline}`;
  return [
    ...dots.filter((entry) => standings.has(entry.standing)),
    { sign: "line", color: "var(--muted)", width: 3, label: "95% interval" },
    ...(baseline === undefined
      ? []
      : [{ sign: "line", color: "var(--muted)", dash: "3,3", label: mean } as const]),
  ];
}

/** Its method and the values of its settings; their names are above. */
function rowName({ name, method, point }: ComparedVariant): string {
  const values = Object.values(point).map((value) =>
    typeof value === "string" ? value : JSON.stringify(value),
  );
  return values.length === 0 ? name : [method, ...values].join(", ");
}

function standing({ name, against }: ComparedVariant, baselines: ReadonlySet<string>): Standing {
  if (baselines.has(name)) return "baseline";
  const kind = against?.verdict.kind;
  return kind === "better" || kind === "worse" ? kind : "open";
}

export function betterIs(direction: Comparison["direction"]): string {
  return direction === "maximize" ? "higher is better" : "lower is better";
}

function seedsOf(variants: readonly ComparedVariant[]): string {
  const counts = variants.map(({ runs }) => runs.length);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  return low === high ? `${plural(low, "seed")} each` : `${low} to ${plural(high, "seed")}`;
}
