import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import type { DamagedRun, PopulationStore, Run } from "../../population-store/population-store.ts";
import { clade } from "../clade-command.ts";
import { damageError, damageText } from "./damaged-runs.ts";

/** What a command does with a run: look at it, or something that only runs in some states need. */
export type Purpose = "look" | "work" | "resume";

/**
 * The run of that name, or the only one whose name begins so. Without a name it is the newest run
 * that is not a control, which standard error says. A control takes its place where only the
 * control needs what is to be done. A run that cannot be read is passed over, which standard error
 * says too, and is an error where its name is given.
 */
export async function findRun(
  store: PopulationStore,
  name: string | undefined,
  purpose: Purpose = "look",
): Promise<Run> {
  const runs = await store.runs();
  const bad = (value: string, rule: string, remedy: string) =>
    new BadInputError([{ path: "run", value, rule, remedy }]);
  if (name === undefined) {
    const chosen = newestRun(runs, purpose);
    const damaged = await store.damagedRuns();
    const newer = damaged.filter(({ createdAt }) => !chosen || createdAt > chosen.run.createdAt);
    for (const run of newer) console.error(`passed over: ${damageText(run)}`);
    if (!chosen && damaged.length > 0)
      throw bad(
        "none given",
        "no run of this store can be read",
        `${clade} list shows what is damaged`,
      );
    if (!chosen)
      throw bad(
        "none given",
        "there are no runs in this store",
        `start one with: ${clade} run <experiment>`,
      );
    console.error(`run ${chosen.run.id}, ${chosen.why} (${clade} list shows all)`);
    return chosen.run;
  }
  const exact = runs.find(({ id }) => id === name);
  if (exact) return exact;
  const damaged = await store.damagedRuns();
  const known = [...runs, ...damaged];
  const beginning = known.filter(({ id }) => id.startsWith(name));
  const [found] = beginning.length === 1 ? beginning : damaged.filter(({ id }) => id === name);
  if (found) {
    if ("why" in found) throw damageError(found);
    return found;
  }
  const ids = (beginning.length > 1 ? beginning : known).map(({ id }) => id as string);
  if (beginning.length > 1)
    throw bad(name, "more than one run begins so", `give one of ${ids.join(", ")}`);
  throw bad(
    name,
    "is no run of this store",
    ids.length === 0 ? "there are none yet" : nearest(name, ids),
  );
}

/** The run of exactly that name, for what cannot be undone. It may be damaged. */
export async function findWhole(store: PopulationStore, name: string): Promise<Run | DamagedRun> {
  const runs = [...(await store.runs()), ...(await store.damagedRuns())];
  const run = runs.find(({ id }) => id === name);
  if (run) return run;
  const begun = runs.filter(({ id }) => id.startsWith(name)).map(({ id }) => id as string);
  const rule =
    begun.length > 0 ? "is only the beginning of a run's name" : "is no run of this store";
  const known = runs.map(({ id }) => id as string);
  const remedy =
    begun.length > 0
      ? `give the whole name: ${begun.join(", ")}`
      : known.length === 0
        ? "there are none yet"
        : nearest(name, known);
  throw new BadInputError([{ path: "run", value: name, rule, remedy }]);
}

/**
 * Which of the runs, oldest first, is meant without a name, and why that one; undefined where
 * there are none.
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

/** Made by `clade run --control`, or the variant of a study that its others are compared with. */
function isControl({ controlOf, study }: Run): boolean {
  return (
    controlOf !== undefined || (study?.baseline !== undefined && study.method === study.baseline)
  );
}

function needs({ state }: Run, purpose: Purpose): boolean {
  if (purpose === "work") return state.kind === "running";
  return purpose === "look" || state.kind !== "done";
}
