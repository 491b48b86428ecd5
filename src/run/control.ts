import { nearest } from "../algorithm/nearest.ts";
import { BadInputError } from "../algorithm/problem.ts";
import { show } from "../algorithm/show.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type Settings, withSettings } from "../experiment/settings.ts";
import { baselines } from "../experiment/study/baselines.ts";

/** A control's experiment, and what it changes. Throws a `BadInputError` for an unknown name. */
export function controlOf(
  experiment: Experiment,
  control: string,
): { readonly experiment: Experiment; readonly settings: Settings } {
  const changes = Object.hasOwn(baselines, control) && baselines[control];
  if (!changes) {
    const remedy = nearest(control, Object.keys(baselines));
    const problem = { path: "control", value: show(control), rule: "is not a control", remedy };
    throw new BadInputError([problem]);
  }
  const settings = { ...changes(experiment), name: `${experiment.name}-${control}` };
  return { experiment: withSettings(experiment, settings), settings };
}
