/**
 * A short training from a checkpoint or from fresh weights, so that the results of two of them can
 * be compared.
 */
import { everySteps } from "../algorithm/ready/every-steps.ts";
import type { CheckpointId } from "../algorithm/snapshot.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import type { Evaluation } from "../experiment/trainer.ts";
import type { TrainerSession, Turn } from "../trainer/trainer-session.ts";
import { restoreFrom } from "./checkpoints.ts";

/** The start and the length of a training. */
export interface Beginning {
  readonly store: CheckpointStore;
  /** Absent for fresh weights. */
  readonly checkpoint?: CheckpointId;
  /** Counted along the lineage. */
  readonly step: number;
  readonly generation: number;
  /** How many steps to train. */
  readonly steps: number;
}

/**
 * Makes the session hold the checkpoint or fresh weights, trains and evaluates, as a worker does
 * in a generation.
 */
export async function trainFrom(
  session: TrainerSession,
  beginning: Beginning,
  turn: Turn,
): Promise<Evaluation> {
  const { store, checkpoint, step, generation, steps } = beginning;
  const begins = { ...turn, place: { step, generation, stepCount: steps } };
  if (checkpoint === undefined) await session.start(begins);
  else await restoreFrom(store, session, checkpoint, begins);
  return await trainOn(session, beginning, turn);
}

/** Trains what the session holds, and evaluates it. */
export async function trainOn(
  session: TrainerSession,
  { step, generation, steps }: Omit<Beginning, "store" | "checkpoint">,
  { hyperparameters }: Turn,
): Promise<Evaluation> {
  const endless = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  await session.train({ ...endless, hyperparameters, step, generation, ready: everySteps(steps) });
  return { ...(await session.evaluate(false)) };
}
