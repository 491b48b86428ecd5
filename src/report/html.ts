import { legible } from "../algorithm/legible.ts";

/**
 * Markup in which every inserted value is text, unless it is markup itself: names, messages and
 * reasons may hold any character.
 */
export class Markup {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
  toString(): string {
    return this.markup;
  }
}

export type Insertable = Markup | string | number | undefined | readonly Insertable[];

/** A template for HTML and SVG. Lists are joined; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return new Markup(
    strings.reduce((text, string, index) => text + inserted(values[index - 1]) + string),
  );
}

/**
 * Text as it may stand between tags and in quoted attributes, made legible. A token of a theme in
 * it stays text, too.
 */
export function escapeMarkup(text: string): string {
  return legible(text)
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll("var(--", "var(&#45;-");
}

function inserted(value: Insertable): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.markup;
  if (typeof value === "object") return value.map(inserted).join("");
  return escapeMarkup(String(value));
}
