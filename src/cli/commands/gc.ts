import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../../population-store/population-store.ts";
import { count, duration } from "../../report/words.ts";
import { collect } from "../../worker/collector.ts";
import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import { type StoreOptions, storeOptions } from "../options/store-options.ts";
import { readableRuns } from "../runs/damaged-runs.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";

export const gc = command({
  options: storeOptions,
  action: collectRuns,
});

/**
 * Deletes unused checkpoints of one run or of all runs, also while workers are at work. Workers
 * also do so themselves.
 */
async function collectRuns(
  context: Context,
  options: StoreOptions,
  name: string | undefined,
): Promise<void> {
  await using stores = await openStores(context, options);
  const runs =
    name === undefined
      ? await readableRuns(context, stores.population)
      : [await findRun(context, stores.population, name)];
  for (const run of runs) {
    const deleted = count(await collectRun(context, stores, run));
    context.print(`run ${run.id}: ${deleted} unused files deleted`);
  }
}

async function collectRun(context: Context, stores: Stores, run: Run): Promise<number> {
  await using checkpoints = await stores.checkpoints(run);
  const isQuiet = run.state.kind !== "running";
  const before = await collect(stores.population, checkpoints, run.id, { isQuiet });
  const { settleMs } = checkpoints;
  if (isQuiet || settleMs === undefined) return before;
  const soon = duration(settleMs / 1000);
  context.print(
    `run ${run.id}: is running; looking again in ${soon} for files that are still unused`,
  );
  await sleep(settleMs);
  return before + (await collect(stores.population, checkpoints, run.id));
}
