import { isBetter } from "../algorithm/population.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";
import type { StrategyDescription } from "../algorithm/strategy.ts";
import type { Objective } from "./objective.ts";

/**
 * A run ends at whichever comes first. `targetScore` alone is not a budget, since it may never be
 * reached.
 */
export interface Budget {
  /** Training steps that each member does itself; weights that it copies have theirs besides. */
  readonly stepsPerMember?: number;
  /** Training steps of each model's weights, across its copies. No model is trained for more. */
  readonly stepsPerModel?: number;
  /** Training steps of all members together. */
  readonly totalSteps?: number;
  /** Seconds in which at least one worker works on the run. Time in a queue does not count. */
  readonly wallSeconds?: number;
  readonly targetScore?: number;
}

type StepBudget = Pick<Budget, "stepsPerMember" | "stepsPerModel">;

/** How many steps a member may still do with the weights that it has. */
export function stepsLeft(
  { stepsPerMember = Infinity, stepsPerModel = Infinity }: StepBudget,
  { memberSteps, step }: Pick<Snapshot, "memberSteps" | "step">,
): number {
  return Math.min(stepsPerMember - memberSteps, stepsPerModel - step);
}

/** The steps of a member that copies nothing; infinite where steps do not bound it. */
export function stepsOfMember(
  { totalSteps = Infinity, ...budget }: Budget,
  population: number,
): number {
  return Math.min(stepsLeft(budget, { memberSteps: 0, step: 0 }), totalSteps / population);
}

/**
 * How many generations a member's budget has. Undefined where steps do not bound it, or where a
 * generation has no fixed number of steps.
 */
export function generationsOf({
  ready,
  budget,
  population,
}: {
  readonly ready: StrategyDescription;
  readonly budget: Budget;
  readonly population: number;
}): number | undefined {
  const steps = stepsOfMember(budget, population);
  if (ready.name !== "everySteps" || !Number.isFinite(steps)) return undefined;
  return steps / (ready.options.steps as number);
}

/** Why the whole run ends now, if it does. One member at the end of its steps does not end it. */
export function ending(
  { budget, objective }: { readonly budget: Budget; readonly objective: Objective },
  now: {
    readonly totalSteps: number;
    readonly elapsedMs: number;
    readonly score: number | undefined;
  },
): string | undefined {
  const { totalSteps, wallSeconds, targetScore } = budget;
  if (
    targetScore !== undefined &&
    now.score !== undefined &&
    !isBetter(objective.direction, targetScore, now.score)
  ) {
    return `target score ${targetScore} reached`;
  }
  if (totalSteps !== undefined && now.totalSteps >= totalSteps)
    return totalStepsTrained(totalSteps);
  if (wallSeconds !== undefined && now.elapsedMs >= wallSeconds * 1000)
    return `${wallSeconds} s of wall time passed`;
  return undefined;
}

/** How all members together end the run, if it has such a budget. */
export function totalStepsEnding({
  budget: { totalSteps },
}: {
  readonly budget: Budget;
}): { readonly reason: string; readonly atTotalSteps: number } | undefined {
  return totalSteps === undefined
    ? undefined
    : { reason: totalStepsTrained(totalSteps), atTotalSteps: totalSteps };
}

function totalStepsTrained(totalSteps: number): string {
  return `${totalSteps} total steps trained`;
}
