import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BadInputError } from "../algorithm/problem.ts";
import { show } from "../algorithm/strategy.ts";
import { readHistory } from "../analysis/history.ts";
import { resultOf } from "../worker/watch.ts";
import { findRun } from "./find-run.ts";
import { openStores } from "./open-store.ts";
import { stateWord } from "./run-state.ts";

interface Options {
  readonly store?: string;
  readonly out: string;
  readonly figures?: string;
}

/** Writes the report of a run. One that is there is replaced: it can be made again from the store. */
export async function reportCommand(
  name: string | undefined,
  options: Options,
  version: string,
): Promise<void> {
  const { out, figures: directory } = options;
  await using stores = openStores(options.store);
  const run = await findRun(stores.population, name);
  const state = stateWord(run, await stores.population.members(run.id));
  // First, so that the history, which may go on meanwhile, has it.
  const { best } = await resultOf(stores.population, run.id);
  const history = await readHistory(stores.population, run.id);
  // Drawing takes a quarter of a second to load, which no other command has to wait for.
  const { runReport } = await import("../report/run-report.ts");
  const { page, figures } = runReport({
    history,
    best,
    state,
    asOf: Date.now(),
    versions: { Clade: version, Node: process.version },
  });
  writeReport(out, page);
  console.log(`written: ${out}, the report of ${run.id}`);
  if (directory === undefined) return;
  const { exportFigures } = await import("../report/export-figures.ts");
  for (const path of exportFigures(figures, directory)) console.log(`         ${path}`);
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
