import type { Hyperparameters, Snapshot } from "./snapshot.ts";

/** One generation of a lineage: steps of training with the same hyperparameters, and which member did them. */
export interface ScheduleSegment {
  /** The steps after `fromStep`, up to and with `toStep`, of the lineage. */
  readonly fromStep: number;
  readonly toStep: number;
  readonly member: number;
  readonly hyperparameters: Hyperparameters;
}

/** The schedule of hyperparameters that a lineage was trained with, from the root on: one segment for each generation. */
export function schedule(lineage: readonly Snapshot[]): readonly ScheduleSegment[] {
  let fromStep = 0;
  return lineage.flatMap((snapshot) => {
    if (snapshot.kind !== "trained") return [];
    const { step: toStep, member, hyperparameters } = snapshot;
    const segment = { fromStep, toStep, member, hyperparameters };
    fromStep = toStep;
    return [segment];
  });
}
