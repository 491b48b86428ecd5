/** What an experiment does that names no strategies. */
import { lead } from "../algorithm/exploit/lead.ts";
import { perturb } from "../algorithm/explore/perturb.ts";
import { everySteps } from "../algorithm/ready/every-steps.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import { stepsOfMember } from "./budget.ts";
import type { ExperimentDeclaration } from "./declaration.ts";

/** About so many generations has a member's budget; a generation has whole steps. */
const defaultGenerations = 50;

export const defaultExploit = lead();

/** On a scale of many decades factors alone would get nowhere. */
export const defaultExplore = perturb({ factors: [Math.SQRT1_2, Math.SQRT2], leastShare: 0.1 });

/** Undefined if the budget is not in steps. */
export function defaultReady({
  budget,
  population,
}: Pick<ExperimentDeclaration, "budget" | "population">): Ready | undefined {
  const steps = stepsOfMember(budget, population);
  if (!Number.isFinite(steps)) return undefined;
  return everySteps(Math.max(1, Math.round(steps / defaultGenerations)));
}
