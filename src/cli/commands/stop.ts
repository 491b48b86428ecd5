import { clade } from "../clade-command.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import { endJobs } from "../submit/jobs.ts";

export async function stopCommand(
  name: string | undefined,
  options: { readonly store?: string },
): Promise<void> {
  await using stores = await openStores(options);
  const run = await findRun(stores.population, name, "work");
  if (run.state.kind === "running") {
    await stores.population.stop(run.id);
    console.log(
      `run ${run.id}: stopped; its workers drop the generation in progress and leave. Go on with: ${clade} resume ${run.id}`,
    );
  } else {
    console.log(`run ${run.id}: is ${run.state.kind} already`);
  }
  for (const line of await endJobs(stores.population, run)) console.log(line);
}
