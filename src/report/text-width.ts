import { fontSize } from "./svg.ts";

/** Scripts and pictures whose characters are as wide as they are high. */
const isWide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;

/**
 * The width of a letter as a share of the font size. DejaVu Sans, the widest of the common fonts,
 * has about this in names.
 */
const letterWidth = 0.6;

/** In pixels. Fonts differ; this is wide enough for the common ones. */
export function textWidth(text: string, size = fontSize): number {
  return Math.ceil(
    [...text].reduce((sum, sign) => sum + size * (isWide.test(sign) ? 1.05 : letterWidth), 0),
  );
}

/** Cut to a width in pixels. */
export function fitted(text: string, width: number, size = fontSize): string {
  if (textWidth(text, size) <= width) return text;
  const signs = [...text];
  while (signs.length > 0 && textWidth(`${signs.join("")}…`, size) > width) signs.pop();
  return `${signs.join("")}…`;
}
