/** What commands do with runs that have an unreadable row. */
import {
  DamagedRowError,
  type DamagedRun,
  type PopulationStore,
  type Run,
} from "../../population-store/population-store.ts";
import type { Context } from "../context.ts";

/** The problem with the run, and the remedy. */
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

/** The readable runs. The others are named on standard error. */
export async function readableRuns(
  context: Context,
  store: PopulationStore,
): Promise<readonly Run[]> {
  for (const run of await store.damagedRuns()) context.warn(damageText(context, run));
  return await store.runs();
}

/** The value, or the error if a row is damaged. */
export async function unlessDamaged<T>(work: () => Promise<T>): Promise<T | DamagedRowError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DamagedRowError) return error;
    throw error;
  }
}
