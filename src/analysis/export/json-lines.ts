import type { PopulationStore, Run } from "../../population-store/population-store.ts";
import { publishedRows, type Table } from "./published-rows.ts";
import type { Survey } from "./survey.ts";

const types: { readonly [table in Table]: string } = {
  snapshots: "snapshot",
  decisions: "decision",
  failures: "failure",
};

/**
 * A run as JSON lines, in pages: `{"type":"run","run":{...}}`, then every snapshot, decision and
 * failure in the order of publication, in the form of the events of `clade run --json`. JSON has
 * no NaN: a metric that is not finite is null.
 */
export async function* jsonLines(
  store: PopulationStore,
  run: Run,
  { rows }: Survey,
): AsyncGenerator<string> {
  yield line("run", run);
  for (const table of ["snapshots", "decisions", "failures"] as const) {
    for await (const page of publishedRows(store, run.id, table, rows[table]))
      yield page.map((row) => line(types[table], row)).join("");
  }
}

function line(type: string, value: unknown): string {
  return `${JSON.stringify({ type, [type]: value })}\n`;
}
