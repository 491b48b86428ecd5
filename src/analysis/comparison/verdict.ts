/** The verdict on a variant beside its baseline. */
import type { Direction } from "../../algorithm/population.ts";
import type { Interval } from "./bootstrap.ts";

/**
 * How far the totals of training steps of a variant and its baseline may be apart, as a share of
 * the larger: members end with whole generations, and successive halving cannot split a budget
 * into equal rungs exactly.
 */
export const budgetTolerance = 0.02;

export type Verdict =
  | { readonly kind: "better" | "worse" | "no difference shown" }
  | { readonly kind: "one seed" }
  | { readonly kind: "unequal budgets"; readonly steps: number; readonly baselineSteps: number };

/**
 * Better or worse when the difference's interval, which holds for all comparisons at once,
 * excludes 0.
 */
export function verdictOf(
  interval: Interval | undefined,
  direction: Direction,
  steps: number,
  baselineSteps: number,
): Verdict {
  if (Math.abs(steps - baselineSteps) > budgetTolerance * Math.max(steps, baselineSteps))
    return { kind: "unequal budgets", steps, baselineSteps };
  if (!interval) return { kind: "one seed" };
  if (interval.low <= 0 && interval.high >= 0) return { kind: "no difference shown" };
  return { kind: interval.low > 0 === (direction === "maximize") ? "better" : "worse" };
}

interface Compared {
  readonly seeds: number;
  readonly baselineSeeds: number;
  readonly isPaired: boolean;
}

/** "better: +2.4 [1.0, 3.8], 5 paired seeds". */
export function verdictSentence(
  verdict: Verdict,
  difference: number,
  interval: Interval | undefined,
  { seeds, baselineSeeds, isPaired }: Compared,
): string {
  const words =
    seeds === baselineSeeds
      ? `${seeds} ${isPaired ? "paired " : ""}seeds`
      : `${seeds} seeds against ${baselineSeeds}`;
  switch (verdict.kind) {
    case "one seed":
      return "one seed proves nothing";
    case "unequal budgets": {
      const [own, other] = [verdict.steps, verdict.baselineSteps].map((steps) =>
        Math.round(steps).toLocaleString("en-US"),
      );
      const apart = `more than ${budgetTolerance * 100}% apart`;
      return `no verdict: its runs trained ${own} steps and the baseline's ${other}, ${apart}`;
    }
    case "no difference shown":
      return `no difference can be shown with ${words}: ${signed(difference, interval!)}`;
    default:
      return `${verdict.kind}: ${signed(difference, interval!)}, ${words}`;
  }
}

/** A number with as many decimals as its interval supports: two digits of the interval's width. */
export function withInterval(value: number, { low, high }: Interval): string {
  const text = decimalsFor(high - low, value);
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}

function signed(value: number, interval: Interval): string {
  return `${value > 0 ? "+" : ""}${withInterval(value, interval)}`;
}

function decimalsFor(width: number, value: number): (value: number) => string {
  const size = width > 0 ? width : Math.abs(value) / 100 || 1;
  const decimals = 1 - Math.floor(Math.log10(size));
  if (decimals > 6 || decimals < -6) return (each) => String(Number(each.toPrecision(3)));
  // No "-0.0".
  return (each) =>
    (Number(each.toFixed(Math.max(0, decimals))) + 0).toFixed(Math.max(0, decimals));
}
