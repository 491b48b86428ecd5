import type { Decision } from "../algorithm/population-based-training.ts";
import type { Hyperparameters, SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { type DecisionCounts, isNotable } from "../population-store/decisions.ts";
import {
  elapsedMs,
  type Failure,
  type PopulationStore,
  type PublishedSnapshot,
  type RunId,
  start,
} from "../population-store/population-store.ts";
import type { History } from "./history.ts";
import { SnapshotIndex } from "./snapshot-index.ts";

/** A run as its report reads it: of a long run without what only an export needs. */
export interface RunHistory extends Pick<History, "run" | "seconds"> {
  /** In the order of publication. */
  readonly snapshots: readonly TreeSnapshot[];
  /** Oldest first: all of them, or of a long run the latest notable ones. */
  readonly decisions: readonly Decision[];
  /** Oldest first: all of them, or the latest. */
  readonly failures: readonly Failure[];
  /** Of the whole run, whatever was left out. */
  readonly totals: Totals;
}

interface Totals {
  readonly decisions: DecisionCounts;
  readonly notable: number;
  readonly failures: number;
}

/** Up to here all decisions are read, so that each snapshot of a small tree can say why it is there. */
const fewDecisions = 20_000;
const latestDecisions = 1_000;
const latestFailures = 50;

/** Throws `RunNotFoundError`. A run of a million snapshots takes 200 MB. */
export async function readRunHistory(store: PopulationStore, id: RunId): Promise<RunHistory> {
  const run = await store.run(id);
  const snapshots: TreeSnapshot[] = [];
  const failures: Failure[] = [];
  const lean = leanSnapshots();
  let failureCount = 0;
  for (let cursor = { ...start, decisions: Number.MAX_SAFE_INTEGER }; ; ) {
    const changes = await store.changes(id, cursor);
    cursor = changes.cursor;
    for (const snapshot of changes.snapshots) snapshots.push(lean(snapshot));
    failureCount += changes.failures.length;
    failures.push(...changes.failures);
    if (failures.length > latestFailures) failures.splice(0, failures.length - latestFailures);
    if (changes.snapshots.length + changes.failures.length === 0) break;
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

/**
 * Leaves out of a snapshot what a report does not show, and shares what is equal: the hyperparameters of a snapshot and the one
 * that it came from, and the text of ids.
 */
function leanSnapshots(): (snapshot: PublishedSnapshot) => TreeSnapshot {
  const known = new SnapshotIndex<TreeSnapshot>();
  const shared = (id: SnapshotId) => known.get(id)?.id ?? id;
  return ({ id, member, kind, parent, donor, generation, step, memberSteps, hyperparameters, score }) => {
    const origin = known.get(parent);
    const lean = {
      id,
      member,
      kind,
      ...(parent !== undefined && { parent: shared(parent) }),
      ...(donor !== undefined && { donor: shared(donor) }),
      generation,
      step,
      memberSteps,
      hyperparameters:
        origin && areEqual(origin.hyperparameters, hyperparameters)
          ? origin.hyperparameters
          : hyperparameters,
      ...(score !== undefined && { score }),
    };
    known.set(id, lean);
    return lean;
  };
}

function areEqual(first: Hyperparameters, second: Hyperparameters): boolean {
  for (const name in first) if (first[name] !== second[name]) return false;
  for (const name in second) if (!(name in first)) return false;
  return true;
}
