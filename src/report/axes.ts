/** The axes of all figures: their domains, their ticks, and the format of their numbers. */
import * as Plot from "@observablehq/plot";
import { type Part, plot } from "./svg.ts";
import { fitted, textWidth } from "./text-width.ts";
import { count } from "./words.ts";

export type Domain = readonly [low: number, high: number];

export interface Axis {
  readonly label: string;
  readonly domain: Domain;
  readonly type?: "linear" | "log";
  /** The places of the ticks. Default: chosen by the domain. */
  readonly ticks?: readonly number[];
  readonly format?: (value: number) => string;
}

/** The smallest margin left of a plot; longer numbers on its axis need more. */
const minMargin = 58;

/** Bold letters are wider than others. */
const boldSize = 13;

interface PanelOptions {
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: Plot.Markish;
  /** Default: as wide as the tick labels of the y axis need. */
  readonly marginLeft?: number;
  readonly marginRight?: number;
  /** Lines across at the ticks of the y axis. Default: true. */
  readonly grid?: boolean;
}

/** A plot with the label of its y axis above and that of its x axis below. */
export function panel({
  width,
  height,
  x,
  y,
  marks,
  marginLeft: givenMargin,
  marginRight = 22,
  grid = true,
}: PanelOptions): Part {
  const ticksY = y.ticks ?? ticks(y, Math.max(2, Math.floor(height / 45)));
  const textY = y.format ?? tickText;
  const marginLeft = givenMargin ?? marginFor(ticksY.map(textY));
  const inner = width - marginLeft - marginRight;
  const ticksX = x.ticks ?? ticks(x, Math.max(2, Math.floor(inner / 85)));
  // As `text`, since Plot otherwise leaves out some labels of a log axis.
  const lines = { stroke: "var(--muted)", tickSize: 4, tickPadding: 4 };
  return plot({
    width,
    height,
    marginLeft,
    marginRight,
    marginTop: 28,
    marginBottom: 42,
    x: { type: x.type ?? "linear", domain: x.domain, label: null },
    y: { type: y.type ?? "linear", domain: y.domain, label: null },
    marks: [
      grid ? Plot.ruleY(ticksY, { stroke: "var(--grid)" }) : null,
      marks,
      Plot.ruleX([x.domain[0]], { stroke: "var(--muted)", strokeWidth: 0.75 }),
      Plot.axisX(ticksX as number[], {
        ...lines,
        fill: "var(--muted)",
        text: x.format ?? tickText,
        label: null,
      }),
      Plot.axisY(ticksY as number[], {
        ...lines,
        fill: "var(--muted)",
        text: textY,
        label: null,
      }),
      Plot.text([fitted(y.label, width - 8, boldSize)], {
        frameAnchor: "top-left",
        dx: -marginLeft + 4,
        dy: -25,
        fontWeight: 600,
        fill: "var(--ink)",
      }),
      Plot.text([x.label], { frameAnchor: "bottom", dy: 38, fill: "var(--muted)" }),
    ],
  });
}

/** The margin left of a plot for the tick labels of its axis. */
export function marginFor(marks: readonly string[]): number {
  return Math.max(minMargin, 16 + Math.max(0, ...marks.map((text) => textWidth(text))));
}

/** Round numbers within a domain, about as many as wanted. */
export function ticks(
  { domain, type }: Pick<Axis, "domain" | "type">,
  wanted: number,
): readonly number[] {
  const [low, high] = domain;
  if (type !== "log") {
    const raw = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * 0.999) ?? 10);
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, index) => round((first + index) * step));
  }
  const firstPower = Math.floor(Math.log10(low));
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - firstPower + 1 },
    (_, index) => firstPower + index,
  );
  const within = (multiples: readonly number[]) =>
    powers
      .flatMap((power) => multiples.map((multiple) => round(multiple * 10 ** power)))
      .filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const candidates = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]].map(within);
  const enough = candidates.find(({ length }) => length >= Math.min(3, wanted));
  if (!enough) return ticks({ domain }, wanted).filter((value) => value > 0);
  const every = Math.ceil(enough.length / (wanted + 1));
  return enough.filter((_, index) => index % every === 0);
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}

function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential().replace("e+", "e");
  if (size >= 1e9) return `${round(value / 1e9)}B`;
  if (size >= 1e6) return `${round(value / 1e6)}M`;
  if (size >= 1000) return count(value);
  return size !== 0 && size < 1e-3 ? value.toExponential() : String(value);
}

/** A domain with room around the values. It has a width even when all values are equal. */
export function domainOf(values: Iterable<number>, type: "linear" | "log"): Domain {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return type === "log" ? [0.1, 10] : [0, 1];
  if (type === "log") {
    const room = low === high ? 3 : (high / low) ** 0.04;
    return [low / room, high * room];
  }
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.04;
  return [low - room, high + room];
}
