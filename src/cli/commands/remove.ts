import { CladeError } from "../../algorithm/clade-error.ts";
import { DamagedRowError } from "../../population-store/population-store.ts";
import { clade } from "../clade-command.ts";
import { consent } from "../consent.ts";
import { exitCodes } from "../exit-codes.ts";
import { unlessDamaged } from "../runs/damaged-runs.ts";
import { findWhole } from "../runs/find-run.ts";
import { openStores, type StoreOptions } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";

export async function removeCommand(
  name: string,
  options: StoreOptions & { readonly yes?: boolean },
): Promise<void> {
  await using stores = await openStores(options);
  const run = await findWhole(stores.population, name);
  // What is damaged must not keep a run from being removed. Who works on it finds it ended.
  const found = await unlessDamaged(() => workersOf(stores.population, run));
  const workers = found instanceof DamagedRowError ? [] : found;
  if (run.state.kind === "running" && workers.length > 0) {
    throw new CladeError(
      `run ${run.id}: ${workers.join(", ")} work on it; stop it first with: ${clade} stop ${run.id}`,
    );
  }
  const isMeant =
    options.yes ||
    (await consent(`remove ${run.id}`, `remove run ${run.id} and its checkpoints?`));
  if (!isMeant) {
    console.log(`run ${run.id}: is kept`);
    process.exitCode = exitCodes.failed;
    return;
  }
  await using checkpoints = await stores.checkpoints(run);
  // Nobody begins to work on it meanwhile. While there are files the run is listed, so that a
  // removal that was cut off can be repeated.
  await stores.population.stop(run.id);
  await checkpoints.remove();
  await stores.population.removeRun(run.id);
  console.log(`run ${run.id}: removed`);
}
