/**
 * The best model of a run, and whether its checkpoint is whole. The process that ends the run
 * reads the checkpoint. If it is not whole, the next best model with a whole checkpoint takes its
 * place. The result is a note of the run, so that later readers see the same.
 */
import { isBetter, isBetterModel } from "../algorithm/population.ts";
import {
  type CheckpointId,
  isEarned,
  type Snapshot,
  type SnapshotId,
} from "../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { LateWriteError } from "../checkpoint-store/late-write.ts";
import type {
  LostModel,
  Member,
  PopulationStore,
  Run,
  RunId,
} from "../population-store/population-store.ts";
import { whyUnreadable } from "./checkpoints.ts";

/**
 * For each member the checkpoints of this many trained snapshots may still exist: the last two,
 * and one that is not collected yet.
 */
const keptOfMember = 3;

export interface BestModel {
  /** Absent before the first score, and if no model is whole. */
  readonly best?: Snapshot;
  /** Better models whose checkpoints are not whole, best first. */
  readonly lost: readonly LostModel[];
}

export async function bestModel(
  store: PopulationStore,
  run: Run,
  members: readonly Member[],
): Promise<BestModel> {
  const first = await bestWithout(store, run, members, []);
  const found = first && (await lastNote(store, run.id));
  if (!found || found.best !== first.id || found.lost.length === 0)
    return { ...(first && { best: first }), lost: [] };
  const best = found.snapshot && (await store.snapshot(run.id, found.snapshot));
  return { ...(best && { best }), lost: found.lost };
}

/**
 * Reads the best model's checkpoint, and the next ones until one is whole. Throws what the
 * checkpoint store throws if it is unavailable.
 */
export async function verifyBest(
  store: PopulationStore,
  checkpoints: CheckpointStore,
  id: RunId,
): Promise<void> {
  const run = await store.run(id);
  const members = await store.members(id);
  const first = await bestWithout(store, run, members, []);
  if (!first) return;
  const lost: LostModel[] = [];
  let best: Snapshot | undefined = first;
  while (best?.checkpoint !== undefined) {
    const why = await whyUnreadable(checkpoints, best.checkpoint);
    if (why === undefined) break;
    lost.push({ snapshot: best.id, ...(best.score !== undefined && { score: best.score }), why });
    best = await bestWithout(store, run, members, lost);
  }
  // The replacement of the best model must not be collected either.
  if (lost.length > 0 && best?.checkpoint !== undefined)
    await store.pin(id, "best model", best.checkpoint);
  else await store.unpin(id, "best model");
  await store.note(id, {
    kind: "best-model",
    verifiedAt: Date.now(),
    best: first.id,
    ...(best && { snapshot: best.id }),
    lost,
  });
}

/**
 * Verifies the best model, unless that was already done for this model and its files look
 * unchanged.
 */
export async function verifyBestOnce(
  store: PopulationStore,
  checkpoints: CheckpointStore,
  id: RunId,
): Promise<void> {
  const first = await bestWithout(store, await store.run(id), await store.members(id), []);
  const found = await lastNote(store, id);
  const noted = found?.snapshot && (await store.snapshot(id, found.snapshot));
  if (found?.best !== first?.id || (await hasChanged(checkpoints, noted?.checkpoint)))
    await verifyBest(store, checkpoints, id);
}

/** Checks without reading, which is possible only if checkpoints are directories. */
async function hasChanged(
  { directories }: CheckpointStore,
  checkpoint: CheckpointId | undefined,
): Promise<boolean> {
  if (checkpoint === undefined) return false;
  try {
    await directories?.look(checkpoint);
    return false;
  } catch (error) {
    if (error instanceof CheckpointError || error instanceof LateWriteError) return true;
    throw error;
  }
}

async function lastNote(store: PopulationStore, id: RunId) {
  return (await store.notes(id)).findLast((note) => note.kind === "best-model");
}

/**
 * The best by the held-out metric among the members' newest snapshots that have it. Otherwise the
 * best score of all, or of those whose checkpoints may still exist.
 */
async function bestWithout(
  store: PopulationStore,
  run: Run,
  members: readonly Member[],
  lost: readonly LostModel[],
): Promise<Snapshot | undefined> {
  const { final, direction } = run.experiment.objective;
  const isLost = (id: SnapshotId) => lost.some(({ snapshot }) => snapshot === id);
  let best: Snapshot | undefined;
  if (final !== undefined) {
    for (const { newest } of members) {
      const value = newest.metrics[final];
      if (!isEarned(newest) || !Number.isFinite(value) || isLost(newest.id)) continue;
      if (isBetter(direction, value, best?.metrics[final])) best = newest;
    }
  }
  if (best || run.best === undefined) return best;
  if (!isLost(run.best)) return await store.snapshot(run.id, run.best);
  for (const { member } of members) {
    for (const snapshot of await lastTrained(store, run.id, member))
      if (!isLost(snapshot.id) && isBetterModel(direction, snapshot, best)) best = snapshot;
  }
  return best;
}

async function lastTrained(
  store: PopulationStore,
  id: RunId,
  member: number,
): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for await (const snapshot of store.history(id, member)) {
    if (snapshot.kind === "trained") found.push(snapshot);
    if (found.length === keptOfMember) break;
  }
  return found;
}
