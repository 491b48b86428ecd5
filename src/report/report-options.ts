import type { Snapshot } from "../algorithm/snapshot.ts";
import type { RunHistory } from "../analysis/run-history.ts";
import type { RunNote } from "../population-store/population-store.ts";

/** The input of a run's report. */
export interface ReportOptions {
  readonly history: RunHistory;
  /** The run's best model, when there is one. */
  readonly best: Snapshot | undefined;
  readonly notes: readonly RunNote[];
  /** A run that is stored as running but has lost its workers is "interrupted". */
  readonly state: string;
  /** When the history was read: Unix time in milliseconds. */
  readonly asOf: number;
  /** By name, such as `{ Clade: "0.1.0", Node: "v24.21.0" }`. */
  readonly versions: { readonly [name: string]: string };
}
