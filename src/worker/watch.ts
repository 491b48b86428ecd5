/**
 * What happens in a run, read from its store. So every reader sees the same, in this process or
 * another.
 */

import type { Decision } from "../algorithm/population-based-training.ts";
import type { Hyperparameters, Snapshot, SnapshotId } from "../algorithm/snapshot.ts";
import {
  elapsedMs,
  type Failure,
  type LostModel,
  type PopulationStore,
  type PublishedSnapshot,
  type RunId,
  type RunState,
  start,
} from "../population-store/population-store.ts";
import { bestModel } from "./best-model.ts";

export type RunEvent =
  | { readonly type: "snapshot"; readonly snapshot: PublishedSnapshot }
  | { readonly type: "decision"; readonly decision: Decision }
  | { readonly type: "failure"; readonly failure: Failure }
  | { readonly type: "result"; readonly result: RunResult };

export interface RunResult {
  readonly run: RunId;
  readonly state: RunState;
  readonly seed: number;
  /**
   * The best model, by the held-out metric if there is one, otherwise by the score. Absent before
   * the first score.
   */
  readonly best?: Snapshot;
  /** The objective of the best model, and its held-out metric. */
  readonly score?: number;
  readonly final?: number;
  readonly step?: number;
  readonly hyperparameters?: Hyperparameters;
  readonly snapshot?: SnapshotId;
  /** Better models whose checkpoints are not whole, best first. */
  readonly lost?: readonly LostModel[];
  readonly seconds: number;
  /** Training steps of all members together. */
  readonly totalSteps: number;
  readonly copies: number;
  /**
   * Members that failed, failures of trainers, and members whose newest score is missing, NaN or
   * infinite.
   */
  readonly failedMembers: number;
  /** The members that failed. */
  readonly givenUp: readonly number[];
  readonly failures: number;
  readonly unscoredMembers: number;
}

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

export async function resultOf(store: PopulationStore, id: RunId): Promise<RunResult> {
  const run = await store.run(id);
  const members = await store.members(id);
  const counts = await store.counts(id);
  const { objective } = run.experiment;
  const givenUp = members.flatMap(({ member, state }) => (state === "failed" ? member : []));
  const { best, lost } = await bestModel(store, run, members);
  const final = best && objective.final !== undefined ? best.metrics[objective.final] : undefined;
  return {
    run: id,
    state: run.state,
    seed: run.seed,
    ...(best && {
      best,
      step: best.step,
      hyperparameters: best.hyperparameters,
      snapshot: best.id,
    }),
    ...(best?.score !== undefined && { score: best.score }),
    ...(final !== undefined && { final }),
    ...(lost.length > 0 && { lost }),
    seconds: elapsedMs(run, Date.now()) / 1000,
    totalSteps: members.reduce((sum, { newest }) => sum + newest.memberSteps, 0),
    failedMembers: givenUp.length,
    givenUp,
    copies: counts.copies,
    failures: counts.failures,
    unscoredMembers: members.filter(
      ({ newest }) => newest.generation > 0 && newest.score === undefined,
    ).length,
  };
}
