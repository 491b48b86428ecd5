import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import {
  type Against,
  type CompareOptions,
  type Comparison,
  compareRuns,
} from "../../analysis/comparison/compare.ts";
import { withInterval } from "../../analysis/comparison/verdict.ts";
import { readHistory } from "../../analysis/history.ts";
import type { Run } from "../../population-store/population-store.ts";
import { count, duration, number } from "../../report/words.ts";
import { comparisonNotes } from "../printing/comparison-notes.ts";
import { table } from "../printing/format.ts";
import { readableRuns } from "../runs/damaged-runs.ts";
import { openStores } from "../runs/open-store.ts";

/** A longer list of runs would hide what is wrong. */
const mostNamed = 8;

interface Options extends CompareOptions {
  readonly store?: string;
  readonly json?: boolean;
}

/** Compares runs, or all runs of studies. */
export async function compareCommand(names: readonly string[], options: Options): Promise<void> {
  await using stores = await openStores(options);
  const runs = runsOf(names, await readableRuns(stores.population));
  const histories = [];
  for (const { id } of runs) histories.push(await readHistory(stores.population, id));
  const comparison = compareRuns(histories, options);
  console.log(options.json ? JSON.stringify(comparison) : text(comparison));
}

/**
 * The runs, or all runs of the studies, of these names: each once, and in the order of the names.
 * Throws a `BadInputError`.
 */
export function runsOf(names: readonly string[], runs: readonly Run[]): readonly Run[] {
  return [...new Set(names.flatMap((name) => called(name, runs)))];
}

/**
 * The runs of the study of that name, or else the run of that name, or else the only one whose
 * name begins so.
 */
function called(name: string, runs: readonly Run[]): readonly Run[] {
  const ofStudy = runs.filter(({ study }) => study?.name === name);
  if (ofStudy.length > 0) return ofStudy;
  const exact = runs.filter(({ id }) => id === name);
  if (exact.length === 1) return exact;
  const beginning = name === "" ? [] : runs.filter(({ id }) => id.startsWith(name));
  if (beginning.length === 1) return beginning;
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "run", value: name, rule, remedy }]);
  if (beginning.length > 1)
    throw bad("more than one run begins so", `give some of ${someOf(beginning)}`);
  // A study stands for its runs, of which there may be hundreds.
  const known = [...new Set(runs.map(({ id, study }) => study?.name ?? id))];
  throw bad(
    "is no run and no study of this store",
    known.length === 0 ? "there are none yet" : nearest(name, known),
  );
}

function someOf(runs: readonly Run[]): string {
  const shown = runs.slice(0, mostNamed).map(({ id }) => id);
  const others = runs.length - shown.length;
  return `${shown.join(", ")}${others > 0 ? ` and ${others} others` : ""}`;
}

function text(comparison: Comparison): string {
  const { metric, direction, variants } = comparison;
  const heading = `${metric} of the best model, ${direction === "maximize" ? "higher" : "lower"} is better: interquartile mean over seeds [95% interval]`;
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

/** Variants that nothing is said about, and why. */
function unpaired({ variants }: Comparison): readonly string[] {
  if (variants.length === 1) return [`${variants[0]!.name}: there is nothing to compare it with`];
  const baselines = new Set(variants.map(({ against }) => against?.baseline));
  return variants
    .filter(({ name, against }) => !against && !baselines.has(name))
    .map(
      ({ name }) =>
        `${name}: is compared with nothing, and nothing with it; choose with --baseline`,
    );
}
