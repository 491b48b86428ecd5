import type { Run } from "../../population-store/population-store.ts";

/**
 * What a command does with a run: look at it, or do something that only runs in some states need.
 */
export type Purpose = "look" | "work" | "resume";

/**
 * Which of the runs (oldest first) is meant without a name, and why; undefined if there are none.
 */
export function newestRun(
  runs: readonly Run[],
  purpose: Purpose,
): { readonly run: Run; readonly why: string } | undefined {
  const place = Math.max(
    0,
    runs.findLastIndex((run) => !isControl(run)),
  );
  const [run, ...controls] = runs.slice(place);
  if (!run) return undefined;
  const control = controls.findLast((each) => needs(each, purpose));
  if (isControl(run)) return { run: runs.at(-1)!, why: "the newest" };
  if (!needs(run, purpose) && control)
    return { run: control, why: `the newest control; run ${run.id} is ${run.state.kind} already` };
  return { run, why: controls.length === 0 ? "the newest" : "the newest that is not a control" };
}

/** Whether it was made by `clade run --control`, or is the baseline of a study. */
function isControl({ controlOf, study }: Run): boolean {
  return (
    controlOf !== undefined || (study?.baseline !== undefined && study.method === study.baseline)
  );
}

function needs({ state }: Run, purpose: Purpose): boolean {
  if (purpose === "work") return state.kind === "running";
  return purpose === "look" || state.kind !== "done";
}
