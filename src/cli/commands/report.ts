import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BadInputError } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import { type CompareOptions, compareRuns } from "../../analysis/comparison/compare.ts";
import { readHistory } from "../../analysis/history.ts";
import { readRunHistory } from "../../analysis/run-history.ts";
import type { Run } from "../../population-store/population-store.ts";
import type { Figure } from "../../report/figure.ts";
import { summaryOf } from "../../run/run-summary.ts";
import type { Context, Place } from "../context.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option, withDefault } from "../declare/option.ts";
import { comparisonOptions } from "../options/comparison-options.ts";
import { store } from "../options/store-options.ts";
import { comparisonNotes } from "../printing/comparison-notes.ts";
import { readableRuns } from "../runs/damaged-runs.ts";
import { findRun } from "../runs/find-run.ts";
import { namedRuns } from "../runs/named-runs.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { stateWord } from "../runs/run-state.ts";
import { version } from "../version.ts";

type Versions = { readonly [name: string]: string };

const declared = [
  withDefault(
    option("--out <file>", "where to write it; an existing file is replaced"),
    "report.html",
  ),
  option(
    "--figures <directory>",
    "also write the figures there, as SVG and PNG, for light and dark paper",
  ),
  ...comparisonOptions,
  store,
] as const;

/**
 * Writes the report of a run, or a comparison of a study or several runs. An existing file is
 * replaced, because a report can be made again from the store.
 */
export const report = command({
  options: declared,
  action: reportRuns,
});

interface Written {
  readonly page: string;
  readonly figures: readonly Figure[];
  /** "the report of digits-8yp2". */
  readonly what: string;
}

async function reportRuns(
  context: Context,
  { out, figures: directory, store, ...comparing }: OptionsOf<typeof declared>,
  names: readonly string[],
): Promise<void> {
  const { cwd, print } = context;
  await using stores = await openStores(context, { ...(store !== undefined && { store }) });
  const { population } = stores;
  const versions = { Clade: version, Node: process.version };
  const runs = await population.runs();
  const isStudy =
    names.length > 1 ||
    (names[0] !== undefined && runs.some(({ study }) => study?.name === names[0]));
  const { page, figures, what } = isStudy
    ? await ofStudy(
        stores,
        namedRuns(names, await readableRuns(context, population)),
        names.join(" and "),
        comparing,
        versions,
      )
    : await ofRun(stores, await findRun(context, population, names[0]), versions);
  writeReport(context.at(out), page);
  print(`written: ${out}, ${what}`);
  if (directory === undefined) return;
  const { exportFigures } = await import("../../report/export-figures.ts");
  for (const path of exportFigures(figures, directory, cwd)) print(`         ${path}`);
}

// Imported here: the drawing code takes a quarter of a second to load, and other commands do not
// need it.

async function ofRun({ population }: Stores, run: Run, versions: Versions): Promise<Written> {
  const state = await stateWord(population, run);
  // Read first, so that the history, which may grow meanwhile, contains it.
  const { best } = await summaryOf(population, run.id);
  const history = await readRunHistory(population, run.id);
  const notes = await population.notes(run.id);
  const { runReport } = await import("../../report/run-report.ts");
  const report = runReport({ history, notes, best, state, asOf: Date.now(), versions });
  return { ...report, what: `the report of ${run.id}` };
}

async function ofStudy(
  { population }: Stores,
  runs: readonly Run[],
  name: string,
  comparing: CompareOptions,
  versions: Versions,
): Promise<Written> {
  const histories = [];
  for (const { id } of runs) histories.push(await readHistory(population, id));
  const comparison = compareRuns(histories, comparing);
  const { studyReport } = await import("../../report/study/study-report.ts");
  const title = runs.every(({ study }) => study?.name === name)
    ? `Study ${name}`
    : "A comparison of runs";
  const { experiment } = runs[0]!;
  const report = studyReport(comparison, {
    title,
    experiment,
    notes: comparisonNotes(comparison),
    asOf: Date.now(),
    versions,
  });
  return { ...report, what: `the report of ${name}` };
}

function writeReport({ given, path }: Place, page: string): void {
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "--out", value: show(given), rule, remedy }]);
  if (given === "") throw bad("is not a path", "give the path of a file, such as report.html");
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw bad("is a directory", "give the path of a file, such as report.html in it");
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, page);
  } catch (error) {
    throw bad(
      `cannot be written (${(error as NodeJS.ErrnoException).code})`,
      "give a file that can be written",
    );
  }
}
