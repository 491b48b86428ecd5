import { ending, stepsLeft } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import {
  elapsedMs,
  type PopulationStore,
  type Run,
} from "../population-store/population-store.ts";
import { summaryOf } from "./run-summary.ts";

/** Whether the budget of this experiment leaves anything to do in a run that is done. */
export async function hasSomethingToDo(
  store: PopulationStore,
  run: Run,
  experiment: Experiment,
): Promise<boolean> {
  const { score, totalSteps } = await summaryOf(store, run.id);
  const now = { totalSteps, elapsedMs: elapsedMs(run, Date.now()), score };
  if (ending(experiment, now) !== undefined) return false;
  const members = await store.members(run.id);
  return members.some(
    ({ state, newest }) => state !== "stopped" && stepsLeft(experiment.budget, newest) > 0,
  );
}
