import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import type { DamagedRun, PopulationStore, Run } from "../../population-store/population-store.ts";
import type { Context } from "../context.ts";
import { damageError, damageText } from "./damaged-runs.ts";
import { newestRun, type Purpose } from "./newest-run.ts";

/**
 * The run of that name, or the only run whose name starts with it. Without a name it is the newest
 * run that is not a control, or a control if only the control needs what is to be done. Standard
 * error names the choice. A run that cannot be read is skipped, with a warning on standard error.
 * If it was named, it is an error.
 */
export async function findRun(
  context: Context,
  store: PopulationStore,
  name: string | undefined,
  purpose: Purpose = "look",
): Promise<Run> {
  const runs = await store.runs();
  if (name === undefined) return unnamed(context, runs, await store.damagedRuns(), purpose);
  const exact = runs.find(({ id }) => id === name);
  return exact ?? begunWith(context, runs, await store.damagedRuns(), name);
}

function unnamed(
  context: Context,
  runs: readonly Run[],
  damaged: readonly DamagedRun[],
  purpose: Purpose,
): Run {
  const { clade } = context;
  const chosen = newestRun(runs, purpose);
  const newer = damaged.filter(({ createdAt }) => !chosen || createdAt > chosen.run.createdAt);
  for (const run of newer) context.warn(`passed over: ${damageText(context, run)}`);
  if (chosen) {
    context.warn(`run ${chosen.run.id}, ${chosen.why} (${clade} list shows all)`);
    return chosen.run;
  }
  if (damaged.length > 0)
    throw bad(
      "none given",
      "no run of this store can be read",
      `${clade} list shows what is damaged`,
    );
  const remedy = `start one with: ${clade} run <experiment>`;
  throw bad("none given", "there are no runs in this store", remedy);
}

/** The only run whose name starts with it, or the damaged run of that name. */
function begunWith(
  context: Context,
  runs: readonly Run[],
  damaged: readonly DamagedRun[],
  name: string,
): Run {
  const known = [...runs, ...damaged];
  const beginning = known.filter(({ id }) => id.startsWith(name));
  const [found] = beginning.length === 1 ? beginning : damaged.filter(({ id }) => id === name);
  if (found) {
    if ("why" in found) throw damageError(context, found);
    return found;
  }
  const ids = (beginning.length > 1 ? beginning : known).map(({ id }) => id as string);
  if (beginning.length > 1)
    throw bad(name, "matches more than one run", `give one of ${ids.join(", ")}`);
  const remedy = ids.length === 0 ? "there are none yet" : nearest(name, ids);
  throw bad(name, "is not a run of this store", remedy);
}

/** The run of exactly that name, for actions that cannot be undone. It may be damaged. */
export async function findWhole(store: PopulationStore, name: string): Promise<Run | DamagedRun> {
  const runs = [...(await store.runs()), ...(await store.damagedRuns())];
  const run = runs.find(({ id }) => id === name);
  if (run) return run;
  const begun = runs.filter(({ id }) => id.startsWith(name)).map(({ id }) => id as string);
  const rule =
    begun.length > 0 ? "is only the beginning of a run's name" : "is not a run of this store";
  const known = runs.map(({ id }) => id as string);
  const remedy =
    begun.length > 0
      ? `give the whole name: ${begun.join(", ")}`
      : known.length === 0
        ? "there are none yet"
        : nearest(name, known);
  throw bad(name, rule, remedy);
}

function bad(value: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path: "run", value, rule, remedy }]);
}
