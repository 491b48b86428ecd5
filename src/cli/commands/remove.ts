import { CladeError } from "../../algorithm/clade-error.ts";
import { DamagedRowError } from "../../population-store/population-store.ts";
import { consent } from "../consent.ts";
import type { Context } from "../context.ts";
import { argument } from "../declare/argument.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { storeOptions } from "../options/store-options.ts";
import { unlessDamaged } from "../runs/damaged-runs.ts";
import { findWhole } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import { workersOf } from "../runs/run-state.ts";

const declared = [option("--yes", "do not ask"), ...storeOptions] as const;

export const remove = command({
  name: "remove",
  summary: "remove a run and its checkpoints",
  arguments: [argument("<run>", "the run, by its full name")],
  options: declared,
  action: removeRun,
});

async function removeRun(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string,
): Promise<number> {
  const { clade, print } = context;
  await using stores = await openStores(context, options);
  const run = await findWhole(stores.population, name);
  // Damage must not prevent a removal. Workers of the run find it ended.
  const found = await unlessDamaged(() => workersOf(stores.population, run));
  const workers = found instanceof DamagedRowError ? [] : found;
  if (run.state.kind === "running" && workers.length > 0) {
    throw new CladeError(
      `run ${run.id}: ${workers.join(", ")} work on it; ` +
        `stop it first with: ${clade} stop ${run.id}`,
    );
  }
  const isMeant =
    options.yes ||
    (await consent(context, `remove ${run.id}`, `remove run ${run.id} and its checkpoints?`));
  if (!isMeant) {
    print(`run ${run.id}: is kept`);
    return exitCodes.failed;
  }
  await using checkpoints = await stores.checkpoints(run);
  // Stopped first, so that no worker starts on it meanwhile. The run is listed as long as it has
  // files, so an interrupted removal can be repeated.
  await stores.population.stop(run.id);
  await checkpoints.remove();
  await stores.population.removeRun(run.id);
  print(`run ${run.id}: removed`);
  return exitCodes.done;
}
