import type { Decision } from "../algorithm/population-based-training.ts";
import {
  beginning,
  elapsedMs,
  type Failure,
  type PopulationStore,
  type PublishedSnapshot,
  type Run,
  type RunId,
} from "../population-store/population-store.ts";

/** Everything that was published in a run: what the analyses read. */
export interface History {
  readonly run: Run;
  /** Time in which the run has been running. */
  readonly seconds: number;
  /** Each in the order of publication. */
  readonly snapshots: readonly PublishedSnapshot[];
  readonly decisions: readonly Decision[];
  readonly failures: readonly Failure[];
}

/** Reads a run as it is now; it may still be running. Throws `RunNotFoundError`. */
export async function readHistory(store: PopulationStore, id: RunId): Promise<History> {
  const run = await store.run(id);
  const snapshots: PublishedSnapshot[] = [];
  const decisions: Decision[] = [];
  const failures: Failure[] = [];
  for (let cursor = beginning; ; ) {
    const changes = await store.changes(id, cursor);
    cursor = changes.cursor;
    const { length } = snapshots;
    for (const snapshot of changes.snapshots) snapshots.push(snapshot);
    for (const decision of changes.decisions) decisions.push(decision);
    for (const failure of changes.failures) failures.push(failure);
    const nothing =
      snapshots.length === length && changes.decisions.length + changes.failures.length === 0;
    if (nothing)
      return { run, seconds: elapsedMs(run, Date.now()) / 1000, snapshots, decisions, failures };
  }
}
