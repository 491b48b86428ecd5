import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BadInputError } from "../../algorithm/problem.ts";
import { columns } from "../../analysis/export/columns.ts";
import { jsonLines } from "../../analysis/export/json-lines.ts";
import { publishedRows, type Table } from "../../analysis/export/published-rows.ts";
import { type Survey, survey } from "../../analysis/export/survey.ts";
import type { PopulationStore, Run } from "../../population-store/population-store.ts";
import { count } from "../../report/words.ts";
import { newDirectory, newFile, writtenTo } from "../output/output-place.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import { stateWord } from "../runs/run-state.ts";

export const exportFormats = ["jsonl", "csv", "parquet"] as const;

type Format = (typeof exportFormats)[number];

export async function exportCommand(
  name: string | undefined,
  options: { readonly store?: string; readonly format: Format; readonly out?: string },
): Promise<void> {
  const { format, out } = options;
  if (format !== "jsonl" && out === undefined) throw needsDirectory(format);
  await using stores = await openStores(options);
  const store = stores.population;
  const run = await findRun(store, name);
  if ((await stateWord(store, run)) === "running")
    console.error(`run ${run.id} is still running; it is exported as it is now`);
  const surveyed = await survey(store, run);
  if (out === undefined) {
    await pipeline(jsonLines(store, run, surveyed), process.stdout, { end: false });
    return;
  }
  const { snapshots, decisions, failures } = surveyed.rows;
  const files = await writtenTo(out, () =>
    format === "jsonl"
      ? writeLines(out, store, run, surveyed)
      : writeTables(out, format, store, run, surveyed),
  );
  console.log(
    `${run.id}: ${count(snapshots)} snapshots, ${count(decisions)} decisions, ${count(failures)} failures\nwritten to ${files}`,
  );
}

function needsDirectory(format: Format): BadInputError {
  const rule = "writes a directory with a file for each table";
  return new BadInputError([
    { path: "--format", value: format, rule, remedy: "add --out and a new directory" },
  ]);
}

async function writeLines(
  out: string,
  store: PopulationStore,
  run: Run,
  surveyed: Survey,
): Promise<string> {
  await newFile(out);
  await writeFile(out, jsonLines(store, run, surveyed));
  return out;
}

async function writeTables(
  out: string,
  format: "csv" | "parquet",
  store: PopulationStore,
  run: Run,
  surveyed: Survey,
): Promise<string> {
  await newDirectory(out);
  await writeFile(join(out, "run.json"), `${JSON.stringify(run, undefined, 2)}\n`);
  // Imported here: no other command waits for the libraries.
  const writeTable =
    format === "csv"
      ? (await import("../output/write-csv.ts")).writeCsv
      : (await import("../output/write-parquet.ts")).writeParquet;
  const all = columns(run, surveyed);
  const write = <T extends Table>(table: T) =>
    writeTable(
      join(out, `${table}.${format}`),
      all[table],
      publishedRows(store, run.id, table, surveyed.rows[table]),
    );
  await write("snapshots");
  await write("decisions");
  await write("failures");
  return `${out}: run.json, snapshots.${format}, decisions.${format}, failures.${format}`;
}
