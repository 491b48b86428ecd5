/**
 * What happens in a run, read from its store. So every reader sees the same, in this process or
 * another.
 */

import type { Decision } from "../algorithm/population-based-training.ts";
import {
  type Failure,
  type PopulationStore,
  type PublishedSnapshot,
  type RunId,
  start,
} from "../population-store/population-store.ts";
import type { RunResult } from "./run-result.ts";

export type RunEvent =
  | { readonly type: "snapshot"; readonly snapshot: PublishedSnapshot }
  | { readonly type: "decision"; readonly decision: Decision }
  | { readonly type: "failure"; readonly failure: Failure }
  | { readonly type: "result"; readonly result: RunResult };

/** How often a run is read, in milliseconds. */
const lookMs = 200;

/**
 * Everything published in a run, from its beginning, as it happens. Ends after the signal, when
 * everything has been yielded.
 */
export async function* watch(
  store: PopulationStore,
  id: RunId,
  ended: AbortSignal,
  from = start,
): AsyncGenerator<RunEvent> {
  let cursor = from;
  for (;;) {
    const wasEnded = ended.aborted;
    const seen = store.mark();
    const changes = await store.changes(id, cursor);
    cursor = changes.cursor;
    for (const snapshot of changes.snapshots) yield { type: "snapshot", snapshot };
    for (const decision of changes.decisions) yield { type: "decision", decision };
    for (const failure of changes.failures) yield { type: "failure", failure };
    const nothing =
      changes.snapshots.length + changes.decisions.length + changes.failures.length === 0;
    if (nothing && wasEnded) return;
    if (nothing) await store.waitForChange(seen, lookMs, ended);
  }
}
