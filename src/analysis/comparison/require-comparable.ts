import { BadInputError } from "../../algorithm/problem.ts";
import type { Run } from "../../population-store/population-store.ts";

/**
 * Throws a `BadInputError` when the runs have different objectives, or may have trained on
 * different data.
 */
export function requireComparable(runs: readonly Run[], sameData: boolean): void {
  const [first, ...others] = runs;
  for (const other of others) {
    const objectives = [first!, other].map(({ experiment }) =>
      objectiveText(experiment.objective),
    );
    if (objectives[0] !== objectives[1]) {
      const rule = `has the objective ${objectives[1]}, and ${first!.id} has ${objectives[0]}`;
      throw different(other, rule, "compare runs of one objective");
    }
    const sources = [first!, other].map(trainerText);
    if (sameData || sources.includes(undefined) || sources[0] === sources[1]) continue;
    const rule =
      `has the trainer ${sources[1]}, and ${first!.id} has the trainer ${sources[0]}, ` +
      "so their data may differ";
    throw different(
      other,
      rule,
      "if both train and are scored on the same data, say so with --same-data",
    );
  }
}

function objectiveText({
  direction,
  metric,
  final,
}: {
  readonly direction: string;
  readonly metric: string;
  readonly final?: string;
}): string {
  return `${direction} ${metric}${final === undefined ? "" : ` with final ${final}`}`;
}

/** Undefined for a run of a program, whose trainer is unknown. */
function trainerText({ experiment, source }: Run): string | undefined {
  if (experiment.trainer !== undefined) return `"${experiment.trainer}"`;
  return source && `of ${source.file}`;
}

function different({ id }: Run, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path: "", value: `run ${id}`, rule, remedy }]);
}
