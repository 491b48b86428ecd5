import { html, Markup } from "./html.ts";
import { drawing, type Part } from "./svg.ts";

/** A drawing for a page or a separate file. */
export interface Figure {
  readonly kind: "figure";
  /** The name of its files: lower-case letters and dashes. */
  readonly name: string;
  readonly title: string;
  /** What the figure shows, in plain words. */
  readonly caption: string;
  /** Colours are the theme's tokens. */
  readonly svg: string;
}

/** Why there is nothing to draw, in a sentence. */
export interface NoFigure {
  readonly kind: "none";
  readonly name: string;
  readonly title: string;
  readonly why: string;
}

/** Figures are this wide, in pixels. */
export const figureWidth = 880;

/** A figure of a part. Its title and caption are its label for screen readers. */
export function figure(name: string, title: string, caption: string, part: Part): Figure {
  return { kind: "figure", name, title, caption, svg: drawing(part, `${title}. ${caption}`) };
}

export function figureElement(shown: Figure | NoFigure): Markup {
  if (shown.kind === "none") return html`<p class="none">${shown.why}</p>`;
  return html`<figure id="figure-${shown.name}">${new Markup(shown.svg)}
<figcaption>${shown.caption}</figcaption></figure>`;
}
