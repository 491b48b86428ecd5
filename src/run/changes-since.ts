import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import type { Run } from "../population-store/population-store.ts";

/** A part of an experiment that is not what a run began with, each as JSON. */
export interface ExperimentChange {
  readonly key: string;
  readonly before: string | undefined;
  readonly now: string | undefined;
}

/** In what an experiment differs from what a run began with. */
export function changesSince(run: Run, experiment: Experiment): readonly ExperimentChange[] {
  const now = describeExperiment(experiment) as unknown as Record<string, unknown>;
  const then = run.experiment as unknown as Record<string, unknown>;
  const keys = new Set([...Object.keys(now), ...Object.keys(then)]);
  // They follow from the hyperparameters' words, and older versions did not record them.
  keys.delete("scales");
  return [...keys].flatMap((key) =>
    sorted(now[key]) === sorted(then[key])
      ? []
      : [{ key, before: JSON.stringify(then[key]), now: JSON.stringify(now[key]) }],
  );
}

/** JSON with sorted keys: PostgreSQL does not keep their order. */
function sorted(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
