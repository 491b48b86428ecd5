/** Values as the terminal shows them. */
import type { Hyperparameters, HyperparameterValue } from "../algorithm/snapshot.ts";

/** Four significant digits, and no more than are needed. */
export function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "none";
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(4)));
}

/** A whole number with its thousands set apart: 1,200. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function duration(seconds: number): string {
  if (seconds < 0.1) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function hyperparameter(value: HyperparameterValue | undefined): string {
  return typeof value === "number" ? number(value) : String(value ?? "none");
}

export function hyperparameters(values: Hyperparameters): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${hyperparameter(value)}`)
    .join(", ");
}

/** "learningRate 0.01 to 0.012" for each that differs. */
export function changes(before: Hyperparameters, after: Hyperparameters): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name} ${hyperparameter(before[name])} to ${hyperparameter(after[name])}`)
    .join(", ");
}

/** Rows in columns, the first row a heading. Numbers stand to the right. */
export function table(rows: readonly (readonly string[])[]): string {
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
export function sparkline(values: readonly (number | undefined)[], low: number, high: number): string {
  return values
    .map((value) => {
      if (value === undefined) return " ";
      const share = high > low ? (value - low) / (high - low) : 1;
      return blocks[Math.min(blocks.length - 1, Math.max(0, Math.floor(share * blocks.length)))]!;
    })
    .join("");
}
