/**
 * Once in a run, a worker tests whether the hyperparameters that its trainer does not read back
 * have an effect. It does so in its own session between two members, without a claim. So it needs
 * no second trainer, and no other worker waits for a lease. It records the result as a note of the
 * run.
 */
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { CheckpointError } from "../checkpoint-store/checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type FarApart, farApart } from "../experiment/far-apart.ts";
import { namesChangedByRestore } from "../experiment/what-changes.ts";
import type {
  ActingNote,
  PopulationStore,
  Run,
  WorkerId,
} from "../population-store/population-store.ts";
import { TrainerError, type TrainerSession, type Turn } from "../trainer/trainer-session.ts";
import { type Effect, effects } from "./acting.ts";
import type { Clock } from "./clock.ts";
import { Interruption } from "./interruption.ts";
import type { Beginning } from "./train-on.ts";

/** The limit for the whole trial. */
const limitMs = 30_000;

/** As many steps as fit, at least one. */
const trainingMs = 500;

interface Options {
  readonly worker: WorkerId;
  readonly run: Run;
  readonly experiment: Experiment;
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly session: TrainerSession;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A generation that a worker has published. The trial starts from it. */
export interface Published {
  readonly turn: Turn;
  readonly from: Omit<Beginning, "store" | "steps">;
  /** The steps of that generation, and the milliseconds that they took. */
  readonly steps: number;
  readonly ms: number;
  /** Steps left in the member's budget. Nothing is trained beyond it. */
  readonly stepsLeft: number;
}

/**
 * Resolves whether the session was used. Rejects when the population store fails or the worker was
 * asked to stop.
 */
export async function tryActingInRun(options: Options, published: Published): Promise<boolean> {
  const { experiment, session, populationStore, run, worker, clock } = options;
  const { turn, steps, ms, stepsLeft } = published;
  const read = session.readBackAfterTraining;
  const pairs = farApart(experiment.strategies.space, turn.hyperparameters).filter(
    ({ name }) => !read?.has(name),
  );
  const maxSteps = Math.min(steps, stepsLeft, Math.max(1, Math.floor(trainingMs / (ms / steps))));
  if (pairs.length === 0 || maxSteps < 1) return false;
  const mark: ActingNote = { kind: "acting", worker, at: clock.now() };
  if (await isTriedBy(populationStore, run, undefined)) return false;
  await populationStore.note(run.id, mark);
  if (!(await isTriedBy(populationStore, run, worker))) return false;
  const found = await tryAll(options, published, pairs, maxSteps);
  const without = found.flatMap((effect) =>
    effect.kind === "nothing" ? [{ name: effect.name, values: effect.values }] : [],
  );
  const unproved = found.flatMap((effect) => {
    const reason = whyUnproved(effect);
    return reason === undefined ? [] : [{ name: effect.name, reason }];
  });
  if (without.length > 0 || unproved.length > 0)
    await populationStore.note(run.id, { ...mark, found: { steps: maxSteps, without, unproved } });
  return true;
}

/** If several workers begin at once, only the first does it. */
async function isTriedBy(
  store: PopulationStore,
  { id }: Run,
  worker: WorkerId | undefined,
): Promise<boolean> {
  const first = (await store.notes(id)).find((note) => note.kind === "acting");
  return first !== undefined && (worker === undefined || first.worker === worker);
}

async function tryAll(
  { experiment, session, checkpointStore, signal, clock }: Options,
  { turn, from }: Published,
  pairs: readonly FarApart[],
  steps: number,
): Promise<readonly Effect[]> {
  const begin = clock.elapsed();
  const tooLong = new TrainerError("it took too long", "");
  session.interruptWith(() => {
    if (signal.aborted) throw new Interruption();
    if (clock.elapsed() > begin + limitMs) throw tooLong;
  });
  try {
    return await effects(pairs, {
      session,
      beginning: { ...from, store: checkpointStore, steps },
      turn,
      metric: experiment.objective.metric,
      changedByRestore: namesChangedByRestore(experiment),
      hasTime: (ms) => clock.elapsed() + ms < begin + limitMs,
    });
  } catch (error) {
    // A failure here never costs a member. A real problem shows in its next generation.
    if (!(error instanceof TrainerError || error instanceof CheckpointError)) throw error;
    await session.dispose().catch(() => {});
    const { message } = error;
    return pairs.map(({ name }) => ({
      name,
      kind: "failed",
      value: turn.hyperparameters[name] ?? "none",
      message,
    }));
  }
}

function whyUnproved(effect: Effect): string | undefined {
  switch (effect.kind) {
    case "noise":
      return "identical runs differ by as much";
    case "failed":
      return effect.message.split("\n", 1)[0]!;
    case "untried":
      return "it takes too long";
    default:
      return undefined;
  }
}
