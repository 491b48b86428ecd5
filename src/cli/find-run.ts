import { nearest } from "../algorithm/nearest.ts";
import { BadInputError } from "../algorithm/problem.ts";
import type { PopulationStore, Run } from "../population-store/population-store.ts";
import { clade } from "./clade-command.ts";

/** The run of that name, or the only one whose name begins so; the newest run when no name is given. */
export async function findRun(store: PopulationStore, name: string | undefined): Promise<Run> {
  const runs = await store.runs();
  const bad = (value: string, rule: string, remedy: string) =>
    new BadInputError([{ path: "run", value, rule, remedy }]);
  if (name === undefined) {
    const newest = runs.at(-1);
    if (!newest)
      throw bad("none given", "there are no runs in this store", `start one with: ${clade} run <experiment>`);
    return newest;
  }
  const exact = runs.find(({ id }) => id === name);
  if (exact) return exact;
  const beginning = runs.filter(({ id }) => id.startsWith(name));
  if (beginning.length === 1) return beginning[0]!;
  const ids = (beginning.length > 1 ? beginning : runs).map(({ id }) => id as string);
  if (beginning.length > 1) throw bad(name, "more than one run begins so", `give one of ${ids.join(", ")}`);
  throw bad(name, "is no run of this store", ids.length === 0 ? "there are none yet" : nearest(name, ids));
}
