/** What commands do with runs of which a row cannot be read. */
import {
  DamagedRowError,
  type DamagedRun,
  type PopulationStore,
  type Run,
} from "../../population-store/population-store.ts";
import type { Context } from "../context.ts";

/** What is wrong with the run, and the way out. */
export function damageText(
  { clade }: Context,
  { id, why }: Pick<DamagedRun, "id" | "why">,
): string {
  const named = why.startsWith(`run ${id}: `) ? why : `run ${id}: ${why}`;
  return `${named} with: ${clade} remove ${id}`;
}

export function damageError(
  context: Context,
  run: Pick<DamagedRun, "id" | "why">,
): DamagedRowError {
  return new DamagedRowError(damageText(context, run));
}

/** The runs that can be read. Standard error says which cannot. */
export async function readableRuns(
  context: Context,
  store: PopulationStore,
): Promise<readonly Run[]> {
  for (const run of await store.damagedRuns()) context.warn(damageText(context, run));
  return await store.runs();
}

/** What can be read, or the error where a row is damaged. */
export async function unlessDamaged<T>(work: () => Promise<T>): Promise<T | DamagedRowError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DamagedRowError) return error;
    throw error;
  }
}
