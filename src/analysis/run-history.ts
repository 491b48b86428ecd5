import type { Decision } from "../algorithm/population-based-training.ts";
import type { TreeSnapshot } from "../algorithm/snapshot.ts";
import { type DecisionCounts, isNotable } from "../population-store/decisions.ts";
import {
  beginning,
  elapsedMs,
  type Failure,
  type PopulationStore,
  type RunId,
} from "../population-store/population-store.ts";
import { compactSnapshots } from "./compact-snapshots.ts";
import type { History } from "./history.ts";

/** A run as its report reads it. A long run lacks what only an export needs. */
export interface RunHistory extends Pick<History, "run" | "seconds"> {
  /** In the order of publication. */
  readonly snapshots: readonly TreeSnapshot[];
  /** Oldest first: all of them, or of a long run the latest notable ones. */
  readonly decisions: readonly Decision[];
  /** Oldest first: all of them, or the latest. */
  readonly failures: readonly Failure[];
  /** Of the whole run, including what was left out. */
  readonly totals: Totals;
}

interface Totals {
  readonly decisions: DecisionCounts;
  readonly notable: number;
  readonly failures: number;
}

/**
 * Up to this many decisions are all read, so that each snapshot of a small tree can show its
 * reason.
 */
const fewDecisions = 20_000;
const latestDecisions = 1_000;
const latestFailures = 50;

/** The place after which there is nothing. */
const nothing = Number.MAX_SAFE_INTEGER;

/** Throws `RunNotFoundError`. A run of a million snapshots takes about 130 MB. */
export async function readRunHistory(store: PopulationStore, id: RunId): Promise<RunHistory> {
  const run = await store.run(id);
  const snapshots = await compactSnapshots(store.tree(id));
  const failures: Failure[] = [];
  let failureCount = 0;
  for (let cursor = { ...beginning, snapshots: nothing, decisions: nothing }; ; ) {
    const changes = await store.changes(id, cursor);
    cursor = changes.cursor;
    failureCount += changes.failures.length;
    failures.push(...changes.failures);
    if (failures.length > latestFailures) failures.splice(0, failures.length - latestFailures);
    if (changes.failures.length === 0) break;
  }
  const counts = await store.decisionCounts(id);
  const isLong = Object.values(counts).reduce((sum, count) => sum + count, 0) > fewDecisions;
  const decisions: Decision[] = [];
  for await (const decision of store.decisions(id, { notable: isLong })) {
    decisions.push(decision);
    if (isLong && decisions.length === latestDecisions) break;
  }
  decisions.reverse();
  const { keep = 0, ...others } = counts;
  const recovered = snapshots.filter(({ kind }) => kind === "recovered").length;
  const notable = Object.values(others).reduce((sum, count) => sum + count, recovered);
  return {
    run,
    seconds: elapsedMs(run, Date.now()) / 1000,
    snapshots,
    decisions,
    failures,
    totals: { decisions: counts, notable, failures: failureCount },
  };
}

/** A whole history as a report reads it. */
export function runHistory(history: History): RunHistory {
  const { decisions, failures } = history;
  const counts: { [kind in Decision["kind"]]?: number } = {};
  for (const { kind } of decisions) counts[kind] = (counts[kind] ?? 0) + 1;
  const notable = decisions.filter(isNotable).length;
  return { ...history, totals: { decisions: counts, notable, failures: failures.length } };
}
