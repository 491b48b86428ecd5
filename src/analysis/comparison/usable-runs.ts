/** Which runs count, with their scores. Those that do not are left out by name, never silently. */
import type { RunId } from "../../population-store/population-store.ts";
import type { History } from "../history.ts";
import { type BestBy, bestOf } from "./best-model.ts";
import { type Progress, progressOf } from "./progress.ts";
import type { Variant } from "./variants.ts";

export interface ScoredRun {
  readonly run: RunId;
  readonly seed: number;
  /** Of the best model, in the compared metric. */
  readonly score: number;
  /** Training steps of all members together. */
  readonly totalSteps: number;
  readonly progress: Progress;
  /** What its members began with. */
  readonly draws: string;
}

export interface LeftOut {
  readonly run: RunId;
  readonly variant: string;
  /** Continues "is left out: it". */
  readonly reason: string;
}

/**
 * A variant's runs that count, one for each seed. Of two with the same seed the newer counts,
 * since the older adds no information.
 */
export function usableRuns(
  variant: Variant,
  by: BestBy,
): { readonly runs: readonly ScoredRun[]; readonly leftOut: readonly LeftOut[] } {
  const leftOut: LeftOut[] = [];
  const bySeed = new Map<number, ScoredRun>();
  const newestFirst = variant.histories.toSorted((a, b) => b.run.createdAt - a.run.createdAt);
  for (const history of newestFirst) {
    const { id, seed, state } = history.run;
    const leave = (reason: string) => leftOut.push({ run: id, variant: variant.name, reason });
    const score = bestOf(history, by);
    const newer = bySeed.get(seed);
    if (state.kind === "running") leave("has not ended");
    else if (state.kind === "stopped") leave("was stopped before the end of its budget");
    else if (state.kind === "failed") leave(`has failed (${state.reason})`);
    else if (score === undefined) leave(`has no ${by.metric}`);
    else if (newer) leave(`has the same seed ${seed} as ${newer.run}, which is newer`);
    else {
      const progress = progressOf(history);
      const totalSteps = progress.steps.at(-1) ?? 0;
      bySeed.set(seed, { run: id, seed, score, totalSteps, progress, draws: drawsOf(history) });
    }
  }
  return {
    runs: [...bySeed.values()].sort((a, b) => a.seed - b.seed),
    leftOut: leftOut.reverse(),
  };
}

function drawsOf({ snapshots }: History): string {
  const initial = snapshots.filter(({ kind }) => kind === "initial");
  const byMember = initial.toSorted((a, b) => a.member - b.member);
  return JSON.stringify(
    byMember.map(({ hyperparameters }) => Object.entries(hyperparameters).sort()),
  );
}
