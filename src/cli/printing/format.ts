/** Formats for the terminal only. Values are formatted in `report/words.ts`. */

import { legibleLine } from "../../algorithm/legible.ts";
import { number } from "../../report/words.ts";

/** A measured number with the name of its metric. */
export function measured(metric: string | undefined, value: number | undefined): string {
  return `${legibleLine(metric ?? "score")} ${number(value)}`;
}

/** Rows in columns, the first row as heading. Numbers are right-aligned. */
export function table(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(legibleLine));
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), 0),
  );
  const isNumber = (text: string) => /^-?[\d.,]+(e[+-]?\d+)?$/.test(text);
  return rows
    .map((row) =>
      row
        .map((text, column) =>
          isNumber(text) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const blocks = "▁▂▃▄▅▆▇█";

/** Scores as a row of bars between the given lowest and highest; a missing one is a blank. */
export function sparkline(
  values: readonly (number | undefined)[],
  low: number,
  high: number,
): string {
  return values
    .map((value) => {
      if (value === undefined) return " ";
      const share = high > low ? (value - low) / (high - low) : 1;
      return blocks[Math.min(blocks.length - 1, Math.max(0, Math.floor(share * blocks.length)))]!;
    })
    .join("");
}
