import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../../population-store/population-store.ts";
import { count, duration } from "../../report/words.ts";
import { collect } from "../../worker/collector.ts";
import { readableRuns } from "../runs/damaged-runs.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";

/**
 * Deletes checkpoints that nobody needs, of a run or of all, beside any workers. They do the same
 * by themselves while they work.
 */
export async function gcCommand(name: string | undefined, options: StoreOptions): Promise<void> {
  await using stores = await openStores(options);
  const runs =
    name === undefined
      ? await readableRuns(stores.population)
      : [await findRun(stores.population, name)];
  for (const run of runs) {
    console.log(
      `run ${run.id}: ${count(await collectRun(stores, run))} files deleted that nobody needs`,
    );
  }
}

async function collectRun(stores: Stores, run: Run): Promise<number> {
  await using checkpoints = await stores.checkpoints(run);
  const isQuiet = run.state.kind !== "running";
  const before = await collect(stores.population, checkpoints, run.id, { isQuiet });
  const { settleMs } = checkpoints;
  if (isQuiet || settleMs === undefined) return before;
  console.log(
    `run ${run.id}: is running; looking again in ${duration(settleMs / 1000)} for what is still not needed`,
  );
  await sleep(settleMs);
  return before + (await collect(stores.population, checkpoints, run.id));
}
