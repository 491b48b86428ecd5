import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Run } from "../../population-store/population-store.ts";

/** A longer list of runs would hide the problem. */
const maxNamed = 8;

/**
 * The runs of these names, or all runs of the studies of these names. Each occurs once, in the
 * order of the names. Throws a `BadInputError`.
 */
export function namedRuns(names: readonly string[], runs: readonly Run[]): readonly Run[] {
  return [...new Set(names.flatMap((name) => called(name, runs)))];
}

/**
 * The runs of the study of that name, or else the run of that name, or else the only run whose
 * name starts with it.
 */
function called(name: string, runs: readonly Run[]): readonly Run[] {
  const ofStudy = runs.filter(({ study }) => study?.name === name);
  if (ofStudy.length > 0) return ofStudy;
  const exact = runs.filter(({ id }) => id === name);
  if (exact.length === 1) return exact;
  const beginning = name === "" ? [] : runs.filter(({ id }) => id.startsWith(name));
  if (beginning.length === 1) return beginning;
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "run", value: name, rule, remedy }]);
  if (beginning.length > 1)
    throw bad("matches more than one run", `give some of ${someOf(beginning)}`);
  // A study stands for its runs, and there may be hundreds.
  const known = [...new Set(runs.map(({ id, study }) => study?.name ?? id))];
  throw bad(
    "is neither a run nor a study of this store",
    known.length === 0 ? "there are none yet" : nearest(name, known),
  );
}

function someOf(runs: readonly Run[]): string {
  const shown = runs.slice(0, maxNamed).map(({ id }) => id);
  const others = runs.length - shown.length;
  return `${shown.join(", ")}${others > 0 ? ` and ${others} others` : ""}`;
}
