import { clade } from "./clade-command.ts";
import { findRun } from "./find-run.ts";
import { openStores } from "./open-store.ts";

export async function stopCommand(
  name: string | undefined,
  options: { readonly store?: string },
): Promise<void> {
  await using stores = await openStores(options);
  const run = await findRun(stores.population, name);
  if (run.state.kind !== "running") {
    console.log(`run ${run.id}: is ${run.state.kind} already`);
    return;
  }
  await stores.population.stop(run.id);
  console.log(
    `run ${run.id}: stopped; its workers drop the generation in progress and leave. Go on with: ${clade} resume ${run.id}`,
  );
}
