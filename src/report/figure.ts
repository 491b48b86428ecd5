import { html, Markup } from "./html.ts";
import { drawing, type Part } from "./svg.ts";

/** A drawing that can stand in a page or in a file of its own. */
export interface Figure {
  readonly kind: "figure";
  /** Names its files: small letters and dashes. */
  readonly name: string;
  readonly title: string;
  /** What is to be seen, in plain words. */
  readonly caption: string;
  /** With the theme's tokens for colours. */
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

/** A figure of its parts. Its label for those who cannot see it is its title and caption. */
export function figure(name: string, title: string, caption: string, part: Part): Figure {
  return { kind: "figure", name, title, caption, svg: drawing(part, `${title}. ${caption}`) };
}

export function figureElement(shown: Figure | NoFigure): Markup {
  if (shown.kind === "none") return html`<p class="none">${shown.why}</p>`;
  return html`<figure id="figure-${shown.name}">${new Markup(shown.svg)}
<figcaption>${shown.caption}</figcaption></figure>`;
}
