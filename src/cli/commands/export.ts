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
import type { Context, Place } from "../context.ts";
import { command } from "../declare/command.ts";
import { choice, type OptionsOf, option, withDefault } from "../declare/option.ts";
import { store } from "../options/store-options.ts";
import { newDirectory, newFile, writtenTo } from "../output/output-place.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import { stateWord } from "../runs/run-state.ts";

const formats = ["jsonl", "csv", "parquet"] as const;

type Format = (typeof formats)[number];

const declared = [
  withDefault(
    choice("--format <name>", "JSON lines, or a directory with a file for each table", formats),
    "jsonl",
  ),
  option("--out <path>", "where to write it (default: standard output, for jsonl)"),
  store,
] as const;

export const exportRun = command({
  options: declared,
  action: exportAll,
});

async function exportAll(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string | undefined,
): Promise<void> {
  const { format } = options;
  const out = options.out === undefined ? undefined : context.at(options.out);
  if (format !== "jsonl" && out === undefined) throw needsDirectory(format);
  await using stores = await openStores(context, options);
  const store = stores.population;
  const run = await findRun(context, store, name);
  if ((await stateWord(store, run)) === "running")
    context.warn(`run ${run.id} is still running; it is exported as it is now`);
  const surveyed = await survey(store, run);
  if (out === undefined) {
    await pipeline(jsonLines(store, run, surveyed), context.stdout, { end: false });
    return;
  }
  const { snapshots, decisions, failures } = surveyed.rows;
  const files = await writtenTo(out, () =>
    format === "jsonl"
      ? writeLines(out, store, run, surveyed)
      : writeTables(out, format, store, run, surveyed),
  );
  context.print(
    `${run.id}: ${count(snapshots)} snapshots, ${count(decisions)} decisions, ` +
      `${count(failures)} failures\nwritten to ${files}`,
  );
}

function needsDirectory(format: Format): BadInputError {
  const rule = "writes a directory with a file for each table";
  return new BadInputError([
    { path: "--format", value: format, rule, remedy: "add --out and a new directory" },
  ]);
}

async function writeLines(
  out: Place,
  store: PopulationStore,
  run: Run,
  surveyed: Survey,
): Promise<string> {
  await newFile(out);
  await writeFile(out.path, jsonLines(store, run, surveyed));
  return out.given;
}

async function writeTables(
  out: Place,
  format: "csv" | "parquet",
  store: PopulationStore,
  run: Run,
  surveyed: Survey,
): Promise<string> {
  await newDirectory(out);
  await writeFile(join(out.path, "run.json"), `${JSON.stringify(run, undefined, 2)}\n`);
  // Imported here, so that other commands do not wait for the libraries.
  const writeTable =
    format === "csv"
      ? (await import("../output/write-csv.ts")).writeCsv
      : (await import("../output/write-parquet.ts")).writeParquet;
  const all = columns(run, surveyed);
  const write = <T extends Table>(table: T) =>
    writeTable(
      join(out.path, `${table}.${format}`),
      all[table],
      publishedRows(store, run.id, table, surveyed.rows[table]),
    );
  await write("snapshots");
  await write("decisions");
  await write("failures");
  return `${out.given}: run.json, snapshots.${format}, decisions.${format}, failures.${format}`;
}
