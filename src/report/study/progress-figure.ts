/**
 * The best score so far of each variant, against the training steps of the whole population and
 * against the clock.
 */
import * as Plot from "@observablehq/plot";
import type { ComparedVariant, Comparison } from "../../analysis/comparison/compare.ts";
import type { Curve } from "../../analysis/comparison/curve.ts";
import { domainOf, panel, ticks } from "../axes.ts";
import { type Figure, figure, figureWidth, type NoFigure } from "../figure.ts";
import { type LegendEntry, legend } from "../legend.ts";
import { beside, type Part, stack } from "../svg.ts";
import { categoryColors } from "../theme.ts";
import { shortened } from "../words.ts";
import { betterIs } from "./interval-figure.ts";

const height = 320;
const gap = 20;
/** A row of the legend. Points of a grid differ at the end of their names. */
const longestName = 110;
const withoutClock =
  " Curves over time are left out: runs were stopped in between, " +
  "or their seeds do not overlap.";

interface Line {
  readonly variant: ComparedVariant;
  readonly color: string;
  readonly dash?: string;
}

export function progressFigure(comparison: Comparison): Figure | NoFigure {
  const { variants, steering, direction } = comparison;
  const title = "Score against steps and time";
  const drawable = variants.filter(({ curves }) => curves.steps || curves.seconds);
  if (drawable.length === 0)
    return {
      kind: "none",
      name: "progress",
      title,
      why: "There are no curves: the seeds of no variant overlap.",
    };
  const lines = chosen(drawable, direction);
  const width = (figureWidth - gap) / 2;
  const axes = (["steps", "seconds"] as const).filter((axis) =>
    lines.some(({ variant }) => variant.curves[axis]),
  );
  const panels = axes.map((axis) => progressPanel(lines, axis, comparison, width));
  const entries = lines.map(
    ({ variant, color, dash }): LegendEntry => ({
      sign: "line",
      color,
      width: 2,
      label: shortened(variant.name, longestName),
      ...(dash !== undefined && { dash }),
    }),
  );
  const left = drawable.length - lines.length;
  const caption =
    `The best ${steering} so far (${betterIs(direction)}): interquartile mean over the seeds, ` +
    "with their middle half as a band. A curve ends where a seed of its variant ends. " +
    "Steps are those of all members together." +
    (axes.includes("seconds") ? "" : withoutClock) +
    (left > 0 ? ` Of ${drawable.length} variants the baselines and the best are drawn.` : "");
  return figure(
    "progress",
    title,
    caption,
    stack([legend(entries, figureWidth), beside(panels, gap)], 4),
  );
}

/**
 * Up to as many variants as there are colours: baselines first, dashed, then the best. They are in
 * the order of the study.
 */
function chosen(
  variants: readonly ComparedVariant[],
  direction: Comparison["direction"],
): readonly Line[] {
  const baselines = new Set(variants.flatMap(({ against }) => against?.baseline ?? []));
  const sign = direction === "maximize" ? -1 : 1;
  const ranked = [...variants].sort(
    (a, b) =>
      Number(baselines.has(b.name)) - Number(baselines.has(a.name)) || sign * (a.iqm - b.iqm),
  );
  const shown = new Set(ranked.slice(0, categoryColors));
  return variants
    .filter((variant) => shown.has(variant))
    .map((variant, index) => ({
      variant,
      color: `var(--category-${index})`,
      ...(baselines.has(variant.name) && { dash: "5,3" }),
    }));
}

function progressPanel(
  lines: readonly Line[],
  axis: "steps" | "seconds",
  { steering }: Comparison,
  width: number,
): Part {
  const curves = lines.flatMap(({ variant, ...look }) => {
    const curve = variant.curves[axis];
    return curve ? [{ ...look, points: pointsOf(curve) }] : [];
  });
  const points = curves.flatMap((curve) => curve.points);
  const x = { domain: domainOf([0, ...points.map((point) => point.x)], "linear") };
  return panel({
    width,
    height,
    x: {
      label: axis === "steps" ? "training steps of all members" : "wall time (s)",
      domain: [0, x.domain[1]],
      ticks: ticks({ domain: [0, x.domain[1]] }, 4),
    },
    y: {
      label: `best ${steering} so far`,
      domain: domainOf(
        points.flatMap(({ low, high }) => [low, high]),
        "linear",
      ),
    },
    marks: curves.map(({ points, color, dash }) => [
      Plot.areaY(points, { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.12 }),
      Plot.lineY(points, {
        x: "x",
        y: "iqm",
        stroke: color,
        strokeWidth: 2,
        ...(dash !== undefined && { strokeDasharray: dash }),
      }),
    ]),
  });
}

function pointsOf({ x, iqm, low, high }: Curve) {
  return x.map((place, index) => ({
    x: place,
    iqm: iqm[index]!,
    low: low[index]!,
    high: high[index]!,
  }));
}
