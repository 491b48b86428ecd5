/** What a run has come to, read from its store: plain data. */
import type { Hyperparameters, Snapshot, SnapshotId } from "../algorithm/snapshot.ts";
import {
  elapsedMs,
  type LostModel,
  type PopulationStore,
  type RunId,
  type RunState,
} from "../population-store/population-store.ts";
import { bestModel } from "../worker/best-model.ts";

/** What a run has come to, as plain data. */
export interface RunSummary<H = Hyperparameters, M extends string = string> {
  readonly run: RunId;
  readonly state: RunState;
  readonly seed: number;
  /**
   * The best model, by the held-out metric if there is one, otherwise by the score. Absent before
   * the first score.
   */
  readonly best?: Snapshot<H, M>;
  /** The objective of the best model, and its held-out metric. */
  readonly score?: number;
  readonly final?: number;
  readonly step?: number;
  readonly hyperparameters?: H;
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

export async function summaryOf(store: PopulationStore, id: RunId): Promise<RunSummary> {
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
