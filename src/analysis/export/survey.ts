import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import type { PopulationStore, Run } from "../../population-store/population-store.ts";
import type { ColumnType } from "./column.ts";
import { publishedRows, type Table } from "./published-rows.ts";

/**
 * How much of a run is exported, and which columns it needs. A table's columns must be known
 * before its first row.
 */
export interface Survey {
  readonly rows: { readonly [table in Table]: number };
  /** Declared ones first, in their order. Undefined where no member ever had a value. */
  readonly hyperparameters: ReadonlyMap<string, ColumnType | undefined>;
  readonly metrics: ReadonlySet<string>;
  readonly reasonNumbers: ReadonlySet<string>;
}

/** Reads a run once, as it is now. Throws `RunNotFoundError`. */
export async function survey(store: PopulationStore, run: Run): Promise<Survey> {
  const rows = { snapshots: 0, decisions: 0, failures: 0 };
  const declared = Object.keys(run.experiment.hyperparameters);
  const hyperparameters = new Map<string, ColumnType | undefined>(
    declared.map((name) => [name, undefined]),
  );
  const metrics = new Set<string>();
  const reasonNumbers = new Set<string>();
  // Snapshots last. Then, in a run that continues, each counted decision is about a counted
  // snapshot.
  for await (const page of publishedRows(store, run.id, "failures")) rows.failures += page.length;
  for await (const page of publishedRows(store, run.id, "decisions")) {
    rows.decisions += page.length;
    for (const { reason } of page)
      for (const name of Object.keys(reason.numbers)) reasonNumbers.add(name);
  }
  for await (const page of publishedRows(store, run.id, "snapshots")) {
    rows.snapshots += page.length;
    for (const snapshot of page) {
      for (const name of Object.keys(snapshot.metrics)) metrics.add(name);
      for (const [name, value] of Object.entries(snapshot.hyperparameters)) {
        if (value !== undefined)
          hyperparameters.set(name, commonType(hyperparameters.get(name), typeOf(value)));
      }
    }
  }
  return { rows, hyperparameters, metrics, reasonNumbers };
}

function typeOf(value: HyperparameterValue): ColumnType {
  if (typeof value === "number") return Number.isSafeInteger(value) ? "whole" : "number";
  return typeof value === "boolean" ? "boolean" : "text";
}

/** Whole numbers are numbers; anything else that differs can only be text. */
function commonType(one: ColumnType | undefined, other: ColumnType): ColumnType {
  if (one === undefined || one === other) return other;
  const isNumeric = (type: ColumnType) => type === "whole" || type === "number";
  return isNumeric(one) && isNumeric(other) ? "number" : "text";
}
