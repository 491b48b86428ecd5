/** The blocks of code of a guide, so that tests can do what it says. */
import { readFileSync } from "node:fs";

export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks below a heading, as far as the next of its kind. */
export function blocksOf(guide: string, heading: string): Block[] {
  const text = readFileSync(new URL(`../../docs/guides/${guide}`, import.meta.url), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${guide} has no section ${heading}`);
  return [...section.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

/** With the guide's example values replaced by the reader's own. */
export function filledIn(text: string, words: Readonly<Record<string, string>>): string {
  return Object.entries(words).reduce((filled, [word, own]) => filled.replaceAll(word, own), text);
}
