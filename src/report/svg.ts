/**
 * Parts of a figure: plots, legends and combinations of them. Each is a rectangle of SVG that can
 * be placed beside or above another. Colours are tokens of the theme.
 */

import * as Plot from "@observablehq/plot";
import { emptyDocument } from "#empty-document";
import { escapeMarkup, html, Markup } from "./html.ts";

/** A rectangle of a figure; sizes in pixels. */
export interface Part {
  readonly width: number;
  readonly height: number;
  readonly content: Markup;
}

/** The fonts of figures. DejaVu Sans is always available for pictures. */
const fonts =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', " +
  "'Liberation Sans', 'DejaVu Sans', Arial, sans-serif";

export const fontSize = 12;

/** A plot of Observable Plot without its legends. Give sizes, and colours as tokens. */
export function plot(
  options: Plot.PlotOptions & { readonly width: number; readonly height: number },
): Part {
  const drawn = Plot.plot({
    document: emptyDocument(),
    style: { fontSize: `${fontSize}px` },
    ...options,
  }) as unknown as DrawnElement;
  return {
    width: options.width,
    height: options.height,
    content: new Markup(`<g text-anchor="middle">${children(drawn)}</g>`),
  };
}

/** One path of a plot, in the units of its data. It draws many lines with one element. */
export function path(
  d: (x: (value: number) => number, y: (value: number) => number) => string,
  attributes: { readonly [name: string]: string | number },
): Plot.RenderFunction {
  return (_index, scales, _values, _dimensions, context) => {
    const element = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
    const { x, y } = scales as unknown as { [name in "x" | "y"]: (value: number) => number };
    element.setAttribute("d", d(x, y));
    for (const [name, value] of Object.entries({ fill: "none", ...attributes }))
      element.setAttribute(name, String(value));
    return element;
  };
}

/** Parts from left to right. */
export function beside(parts: readonly Part[], gap = 0): Part {
  let x = 0;
  const content = parts.map((part) => {
    const placed = place(part, x, 0);
    x += part.width + gap;
    return placed;
  });
  return {
    width: Math.max(0, x - gap),
    height: Math.max(0, ...parts.map(({ height }) => height)),
    content: html`${content}`,
  };
}

/** Parts from top to bottom. */
export function stack(parts: readonly Part[], gap = 0): Part {
  let y = 0;
  const content = parts.map((part) => {
    const placed = place(part, 0, y);
    y += part.height + gap;
    return placed;
  });
  return {
    width: Math.max(0, ...parts.map(({ width }) => width)),
    height: Math.max(0, y - gap),
    content: html`${content}`,
  };
}

/** A part as a whole drawing. `label` describes it for screen readers. */
export function drawing(part: Part, label: string): string {
  const { width, height, content } = part;
  const { markup } = html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}"
 height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}"
 font-family="${fonts}" font-size="${fontSize}" fill="var(--ink)">${content}</svg>`;
  return markup;
}

function place({ content }: Part, x: number, y: number): Markup {
  return x === 0 && y === 0
    ? html`<g>${content}</g>`
    : html`<g transform="translate(${x},${y})">${content}</g>`;
}

/** The part of the document's interface that serialisation needs. */
interface DrawnNode {
  readonly nodeType: number;
  readonly nodeValue: string | null;
  readonly childNodes: Iterable<DrawnNode>;
}

interface DrawnElement extends DrawnNode {
  readonly localName: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
}

/** Own serialisation, since that of linkedom does not escape attributes for XML. */
function children(node: DrawnNode): string {
  let text = "";
  for (const child of node.childNodes) {
    if (child.nodeType === 3) text += escapeMarkup(child.nodeValue ?? "");
    if (child.nodeType !== 1) continue;
    const element = child as DrawnElement;
    const name = element.localName;
    if (name === "style") continue;
    const inner = children(element);
    text += `<${name}${attributesOf(element)}${inner === "" ? "/>" : `>${inner}</${name}>`}`;
  }
  return text;
}

/** Hundredths of a pixel are enough. */
const coordinates = new Set("d transform points x y x1 y1 x2 y2 cx cy r width height".split(" "));

function attributesOf(element: DrawnElement): string {
  let text = "";
  for (const { name, value } of element.attributes) {
    // The whole figure has a label. Screen readers would read out those of its parts one by one.
    if (name === "class" || name.startsWith("aria-")) continue;
    const shown = coordinates.has(name)
      ? value.replace(/-?\d+\.\d{2,}(?!e)/g, (number) => String(Number(Number(number).toFixed(2))))
      : value === "currentColor"
        ? "var(--ink)"
        : value;
    text += ` ${name}="${attribute(shown)}"`;
  }
  return text;
}

/** In attributes, tokens of the theme stay tokens. */
function attribute(value: string): string {
  return escapeMarkup(value).replaceAll("var(&#45;-", "var(--");
}
