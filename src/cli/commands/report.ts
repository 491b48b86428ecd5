import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BadInputError } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/strategy.ts";
import { type CompareOptions, compareRuns } from "../../analysis/comparison/compare.ts";
import { readHistory } from "../../analysis/history.ts";
import { readRunHistory } from "../../analysis/run-history.ts";
import type { Run } from "../../population-store/population-store.ts";
import type { Figure } from "../../report/figure.ts";
import { resultOf } from "../../worker/watch.ts";
import { comparisonNotes } from "../printing/comparison-notes.ts";
import { readableRuns } from "../runs/damaged-runs.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { stateWord } from "../runs/run-state.ts";
import { runsOf } from "./compare.ts";

type Versions = { readonly [name: string]: string };

interface Options extends CompareOptions {
  readonly store?: string;
  readonly out: string;
  readonly figures?: string;
}

interface Written {
  readonly page: string;
  readonly figures: readonly Figure[];
  /** "the report of digits-8yp2". */
  readonly what: string;
}

/**
 * Writes the report of a run, or of a study or several runs beside each other. One that is there
 * is replaced: it can be made again from the store.
 */
export async function reportCommand(
  names: readonly string[],
  { out, figures: directory, store, ...comparing }: Options,
  version: string,
): Promise<void> {
  await using stores = await openStores({ ...(store !== undefined && { store }) });
  const versions = { Clade: version, Node: process.version };
  const runs = await stores.population.runs();
  const isStudy =
    names.length > 1 ||
    (names[0] !== undefined && runs.some(({ study }) => study?.name === names[0]));
  const { page, figures, what } = isStudy
    ? await ofStudy(
        stores,
        runsOf(names, await readableRuns(stores.population)),
        names.join(" and "),
        comparing,
        versions,
      )
    : await ofRun(stores, await findRun(stores.population, names[0]), versions);
  writeReport(out, page);
  console.log(`written: ${out}, ${what}`);
  if (directory === undefined) return;
  const { exportFigures } = await import("../../report/export-figures.ts");
  for (const path of exportFigures(figures, directory)) console.log(`         ${path}`);
}

// Drawing takes a quarter of a second to load, which no other command has to wait for.

async function ofRun({ population }: Stores, run: Run, versions: Versions): Promise<Written> {
  const state = await stateWord(population, run);
  // First, so that the history, which may go on meanwhile, has it.
  const { best } = await resultOf(population, run.id);
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

function writeReport(out: string, page: string): void {
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "--out", value: show(out), rule, remedy }]);
  if (out === "") throw bad("is no path", "give the path of a file, such as report.html");
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw bad("is a directory", "give the path of a file, such as report.html in it");
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, page);
  } catch (error) {
    throw bad(
      `cannot be written (${(error as NodeJS.ErrnoException).code})`,
      "give a file that can be written",
    );
  }
}
