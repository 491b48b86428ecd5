/**
 * Whether a worker can do what others could. It repeats a generation of any member that has
 * succeeded before, and publishes nothing. If nothing has been trained yet, it starts another
 * member's first generation. So a failure is attributed to the member or to the worker.
 */
import type { Hyperparameters, Snapshot } from "../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { stepsLeft } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import {
  type Phase,
  type PopulationStore,
  type Run,
  SnapshotNotFoundError,
} from "../population-store/population-store.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import { restoreFrom } from "./checkpoints.ts";
import { trainerSeed } from "./trainer-seed.ts";

export interface SelfTrial {
  readonly run: Run;
  readonly experiment: Experiment;
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly session: TrainerSession;
}

/** The phase that failed. The trial goes that far. */
export interface Failed {
  readonly member: number;
  readonly phase: Phase;
  /** How long the failed generation had trained, in milliseconds. */
  readonly trainedMs: number;
}

/** A trial trains for longer than the failed generation, but not for longer than this. */
const maxTrialMs = 60_000;

/** A generation that can be repeated: its start, its values, and its number of steps. */
interface Known {
  readonly begins: Snapshot;
  readonly hyperparameters: Hyperparameters;
  readonly steps: number;
}

/**
 * Resolves the error of the trainer, or undefined if the generation succeeded, and whether
 * anything was trained in this run before. Each `attempt` chooses another generation.
 */
export async function trySelf(
  trial: SelfTrial,
  failed: Failed,
  attempt: number,
): Promise<{ readonly error: TrainerError | undefined; readonly hasTrained: boolean }> {
  const { known, hasTrained } = await knownGenerations(trial, failed.member + 1 + attempt);
  for (const generation of known) {
    try {
      await repeat(trial, generation, failed);
      break;
    } catch (error) {
      await trial.session.dispose().catch(() => {});
      // The start of a donor's generation may have been collected.
      if (error instanceof CheckpointError) continue;
      if (!(error instanceof TrainerError)) throw error;
      // A mistake that would occur anywhere says nothing about this machine.
      return { error: error.kind === "contract" ? undefined : error, hasTrained };
    }
  }
  return { error: undefined, hasTrained };
}

/** The generation that ended with a snapshot, and then one that starts from it. */
async function knownGenerations(
  { populationStore, run, experiment }: SelfTrial,
  number: number,
): Promise<{ readonly known: readonly Known[]; readonly hasTrained: boolean }> {
  const { snapshots } = await populationStore.present(run.id);
  const trained = snapshots.filter(({ kind }) => kind === "trained");
  const from = trained.length > 0 ? trained : snapshots;
  const chosen = from[number % from.length]!;
  const { hyperparameters } = chosen;
  const begins = await parentOf(populationStore, run, chosen);
  const steps = begins
    ? chosen.memberSteps - begins.memberSteps
    : stepsLeft(experiment.budget, chosen);
  const known = [begins ?? [], chosen]
    .flat()
    .map((from) => ({ begins: from, hyperparameters, steps }));
  return { known, hasTrained: trained.length > 0 };
}

async function parentOf(
  store: PopulationStore,
  { id }: Run,
  { parent }: Snapshot,
): Promise<Snapshot | undefined> {
  if (parent === undefined) return undefined;
  return await store.snapshot(id, parent).catch((error) => {
    if (error instanceof SnapshotNotFoundError) return undefined;
    throw error;
  });
}

async function repeat(
  { run, experiment, checkpointStore, session }: SelfTrial,
  { begins, hyperparameters, steps }: Known,
  { member, phase, trainedMs }: Failed,
): Promise<void> {
  const { step, generation } = begins;
  const place = { step, generation };
  const turn = { member, seed: trainerSeed(run.seed, begins.member), hyperparameters, place };
  if (begins.checkpoint === undefined) await session.start(turn);
  else await restoreFrom(checkpointStore, session, begins.checkpoint, turn);
  const millisecondsLeft = phase === "train" ? Math.min(maxTrialMs, 1_000 + 2 * trainedMs) : 1;
  await session.train({
    hyperparameters,
    step,
    generation,
    ready: experiment.ready,
    stepsLeft: Math.max(1, steps),
    millisecondsLeft,
  });
  await session.evaluate(false);
  if (phase === "save") await saveAside(checkpointStore, session);
}

/** A save that is recorded nowhere. */
async function saveAside(
  { directories }: CheckpointStore,
  session: TrainerSession,
): Promise<void> {
  if (session.checkpoints === "files" || !directories) return void (await session.save());
  await using directory = await directories.create();
  await session.save(directory.path);
}
