/**
 * What happens in a run, read from its store. So every reader sees the same, in this process or
 * another.
 */

import type { Decision } from "../algorithm/population-based-training.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import {
  beginning,
  type Failure,
  type PopulationStore,
  type PublishedSnapshot,
  type RunId,
} from "../population-store/population-store.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";

/** What happens in a run of an experiment with hyperparameters H and metrics named M. */
export type RunEvent<H = Hyperparameters, M extends string = string> =
  | { readonly type: "snapshot"; readonly snapshot: PublishedSnapshot<H, M> }
  | { readonly type: "decision"; readonly decision: Decision }
  | { readonly type: "failure"; readonly failure: Failure }
  /** The last: the run has ended, or was stopped. */
  | { readonly type: "result"; readonly result: RunSummary<H, M> };

/** How often a run is read, in milliseconds. */
const lookMs = 200;

/**
 * Everything published in a run, from its beginning, as it happens. Ends after the signal, when
 * everything has been yielded.
 */
export async function* eventsUntil(
  store: PopulationStore,
  id: RunId,
  ended: AbortSignal,
  from = beginning,
  hasEnded: () => boolean | Promise<boolean> = () => ended.aborted,
): AsyncGenerator<RunEvent> {
  let cursor = from;
  for (;;) {
    const wasEnded = await hasEnded();
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

/** How long a run is watched. */
export interface WatchOptions {
  /** Ends the watching, and nothing else. */
  readonly signal?: AbortSignal;
}

/**
 * Everything that was and will be published in a run, whoever works on it, until it has ended.
 * Watching changes nothing: a consumer that stops, or throws, does not touch the run. Throws
 * `RunNotFoundError`.
 */
export async function* watch(
  store: PopulationStore,
  id: RunId,
  options: WatchOptions = {},
): AsyncGenerator<RunEvent> {
  const { signal = new AbortController().signal } = options;
  const hasEnded = async () => signal.aborted || (await store.run(id)).state.kind !== "running";
  yield* eventsUntil(store, id, signal, beginning, hasEnded);
  if (!signal.aborted) yield { type: "result", result: await summaryOf(store, id) };
}
