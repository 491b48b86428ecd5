import { legible } from "../algorithm/legible.ts";

/**
 * Markup. Inserted values are escaped unless they are markup, since names, messages and reasons
 * may hold any character.
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

/** A template for HTML and SVG. Lists are joined; undefined inserts nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return new Markup(
    strings.reduce((text, string, index) => text + inserted(values[index - 1]) + string),
  );
}

/**
 * Escapes text for use between tags and in quoted attributes, and makes it legible. A theme's
 * token in it stays text, too.
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
