import type { Against, Comparison } from "../../analysis/comparison/compare.ts";
import { withInterval } from "../../analysis/comparison/verdict.ts";
import { count, duration, number } from "../../report/words.ts";
import { comparisonNotes } from "./comparison-notes.ts";
import { table } from "./format.ts";

/** A comparison as tables, verdicts and notes. */
export function comparisonText(comparison: Comparison): string {
  const { metric, direction, variants } = comparison;
  const better = direction === "maximize" ? "higher" : "lower";
  const heading =
    `${metric} of the best model, ${better} is better: ` +
    "interquartile mean over seeds [95% interval]";
  const compared = variants.flatMap(({ name, against }) => (against ? [{ name, against }] : []));
  const verdicts = compared.map(
    ({ name, against }) => `${name} beside ${against.baseline}: ${against.sentence}`,
  );
  return [
    heading,
    scoreTable(comparison),
    ...(compared.length === 0 ? [] : [comparisonTable(comparison, compared)]),
    [...verdicts, ...unpaired(comparison)].join("\n"),
    comparisonNotes(comparison).join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function scoreTable({ metric, variants }: Comparison): string {
  const rows = variants.map(({ name, runs, iqm, interval, totalSteps, seconds }) => [
    name,
    String(runs.length),
    interval ? withInterval(iqm, interval) : number(iqm),
    count(Math.round(totalSteps)),
    seconds === undefined ? "unknown" : duration(seconds),
  ]);
  return table([["variant", "seeds", metric, "steps", "time"], ...rows]);
}

function comparisonTable(
  { steering }: Comparison,
  compared: readonly { readonly name: string; readonly against: Against }[],
): string {
  const rows = compared.map(({ name, against: { difference, improvement, reached } }) => [
    name,
    difference.interval
      ? withInterval(difference.value, difference.interval)
      : number(difference.value),
    withInterval(improvement.value, improvement.interval),
    reached.steps === undefined ? "never" : count(reached.steps),
    reached.seconds === undefined ? "" : duration(reached.seconds),
  ]);
  return table([
    ["variant", "difference", "P(better)", `steps to the baseline's ${steering}`, "time"],
    ...rows,
  ]);
}

/** Variants without a verdict, and why. */
function unpaired({ variants }: Comparison): readonly string[] {
  if (variants.length === 1) return [`${variants[0]!.name}: there is nothing to compare it with`];
  const baselines = new Set(variants.map(({ against }) => against?.baseline));
  return variants
    .filter(({ name, against }) => !against && !baselines.has(name))
    .map(({ name }) => `${name}: is in no comparison; choose what to compare with --baseline`);
}
