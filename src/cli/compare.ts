import { nearest } from "../algorithm/nearest.ts";
import { BadInputError } from "../algorithm/problem.ts";
import {
  type Against,
  type ComparedVariant,
  type CompareOptions,
  type Comparison,
  compareRuns,
} from "../analysis/comparison/compare.ts";
import { withInterval } from "../analysis/comparison/verdict.ts";
import { readHistory } from "../analysis/history.ts";
import type { Run } from "../population-store/population-store.ts";
import { count, duration, number, table } from "./format.ts";
import { openStores } from "./open-store.ts";
import { plural } from "./reporter.ts";

interface Options extends CompareOptions {
  readonly store?: string;
  readonly json?: boolean;
}

/** Compares runs, or all runs of studies. */
export async function compareCommand(names: readonly string[], options: Options): Promise<void> {
  await using stores = openStores(options.store);
  const runs = runsOf(names, await stores.population.runs());
  const histories = [];
  for (const { id } of runs) histories.push(await readHistory(stores.population, id));
  const comparison = compareRuns(histories, options);
  console.log(options.json ? JSON.stringify(comparison) : text(comparison));
}

/** Each once, and in the order of the names. */
function runsOf(names: readonly string[], runs: readonly Run[]): readonly Run[] {
  return [...new Set(names.flatMap((name) => called(name, runs)))];
}

/** The runs of the study of that name, or else the run of that name, or else the only one whose name begins so. */
function called(name: string, runs: readonly Run[]): readonly Run[] {
  const ofStudy = runs.filter(({ study }) => study?.name === name);
  if (ofStudy.length > 0) return ofStudy;
  const exact = runs.filter(({ id }) => id === name);
  if (exact.length === 1) return exact;
  const beginning = runs.filter(({ id }) => id.startsWith(name));
  if (beginning.length === 1) return beginning;
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "run", value: name, rule, remedy }]);
  if (beginning.length > 1)
    throw bad("more than one run begins so", `give some of ${beginning.map(({ id }) => id).join(", ")}`);
  const known = [...new Set(runs.flatMap(({ id, study }) => [...(study ? [study.name] : []), id]))];
  throw bad(
    "is no run and no study of this store",
    known.length === 0 ? "there are none yet" : nearest(name, known),
  );
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
    notes(comparison).join("\n"),
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
    difference.interval ? withInterval(difference.value, difference.interval) : number(difference.value),
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
    .map(({ name }) => `${name}: is compared with nothing, and nothing with it; choose with --baseline`);
}

function notes(comparison: Comparison): readonly string[] {
  const { metric, isChoice, comparisons, leftOut, variants } = comparison;
  const lines = leftOut.map(({ run, reason }) => `run ${run} is left out: it ${reason}`);
  for (const variant of variants) lines.push(...budgetNotes(variant));
  if (comparisons > 1)
    lines.push(
      `verdicts are corrected for ${comparisons} comparisons: their intervals all hold at once in 95% of studies (Bonferroni); the table's intervals are not`,
    );
  else if (comparisons === 1) lines.push("1 comparison, so there is nothing to correct for");
  if (isChoice)
    lines.push(
      `the best models were chosen by ${metric}, so it is too good by a bit; let the trainer report a metric of data that chooses nothing, and name it with --metric`,
    );
  return lines;
}

function budgetNotes({ name, runs }: ComparedVariant): readonly string[] {
  const others = runs
    .filter(({ hasOtherBudget }) => hasOtherBudget)
    .map(
      ({ run, totalSteps }) =>
        `run ${run} counts, but trained ${count(totalSteps)} steps, unlike the other seeds of ${name}`,
    );
  const paused = runs.filter(({ seconds }) => seconds === undefined).map(({ run }) => run);
  if (paused.length === 0) return others;
  return [
    ...others,
    `${plural(paused.length, "run")} of ${name} stood still in between, and ${paused.length === 1 ? "has" : "have"} no honest wall time: ${paused.join(", ")}`,
  ];
}
