import { html, Markup } from "./html.ts";
import type { Part } from "./svg.ts";
import { textWidth } from "./text-width.ts";
import { scoreColors } from "./theme.ts";

/** A sign and what it stands for. Colours are values of SVG, such as `var(--best)`. */
export type LegendEntry = { readonly label: string } & (
  | {
      readonly sign: "line";
      readonly color: string;
      readonly width?: number;
      readonly dash?: string;
    }
  | {
      readonly sign: "area";
      readonly color: string;
      readonly opacity?: number;
      readonly outline?: string;
    }
  | { readonly sign: "dot"; readonly color: string; readonly open?: boolean }
  | { readonly sign: "square"; readonly color: string }
  /** The scale of scores from `low` (the worst) to `high` (the best). */
  | { readonly sign: "scores"; readonly low: string; readonly high: string }
);

const lineHeight = 20;
const signWidth = 22;
const scoreWidth = 14;
const gap = 18;

/** Entries in rows of at most the width in pixels, with some space below. */
export function legend(entries: readonly LegendEntry[], width: number, indent = 0): Part {
  let x = indent;
  let row = 0;
  const content = entries.map((entry) => {
    const { markup, width: taken } = drawn(entry);
    if (x > indent && x + taken > width) {
      x = indent;
      row++;
    }
    const y = row * lineHeight + lineHeight / 2;
    const placed = html`<g transform="translate(${x},${y})">${markup}</g>`;
    x += taken + gap;
    return placed;
  });
  return {
    width,
    height: entries.length === 0 ? 0 : (row + 1) * lineHeight + 4,
    content: html`${content}`,
  };
}

function drawn(entry: LegendEntry): { markup: Markup; width: number } {
  const { label } = entry;
  if (entry.sign === "scores") {
    const { low, high } = entry;
    const first = textWidth(label) + 8;
    const scale = first + textWidth(low) + 5;
    const end = scale + scoreColors * scoreWidth;
    const boxes = Array.from(
      { length: scoreColors },
      (_, index) =>
        html`<rect x="${scale + index * scoreWidth}" y="-5" width="${scoreWidth + 0.5}" height="10"
 fill="${new Markup(`var(--score-${index})`)}"/>`,
    );
    const worst = text(scale - 5, low, "end", "var(--muted)");
    const best = text(end + 6, high, "start", "var(--muted)");
    return {
      markup: html`${text(0, label)}${worst}${boxes}${best}`,
      width: end + 6 + textWidth(high),
    };
  }
  return {
    markup: html`${sign(entry)}${text(signWidth + 6, label)}`,
    width: signWidth + 6 + textWidth(label),
  };
}

function sign(entry: Exclude<LegendEntry, { sign: "scores" }>): Markup {
  const color = new Markup(entry.color);
  if (entry.sign === "line")
    return html`<path d="M0,0H${signWidth}" fill="none" stroke="${color}"
 stroke-width="${entry.width ?? 1.5}" stroke-dasharray="${entry.dash ?? "none"}"/>`;
  if (entry.sign === "area")
    return html`<rect x="0" y="-5" width="${signWidth}" height="10" fill="${color}"
 fill-opacity="${entry.opacity ?? 1}" stroke="${entry.outline ?? "none"}"/>`;
  if (entry.sign === "square")
    return html`<rect x="${signWidth / 2 - 3}" y="-3" width="6" height="6"
 fill="var(--paper)" stroke="${color}"/>`;
  return entry.open
    ? html`<circle cx="${signWidth / 2}" r="3.5" fill="var(--paper)"
 stroke="${color}" stroke-width="1.5"/>`
    : html`<circle cx="${signWidth / 2}" r="4" fill="${color}"/>`;
}

function text(x: number, label: string, anchor = "start", color = "var(--ink)"): Markup {
  return html`<text x="${x}" dy="0.35em" text-anchor="${anchor}"
 fill="${new Markup(color)}">${label}</text>`;
}
