import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import type { OptionsOf } from "../declare/option.ts";
import { store } from "../options/store-options.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import { endJobs } from "../submit/jobs.ts";

const declared = [store] as const;

export const stop = command({
  options: declared,
  action: stopRun,
});

async function stopRun(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string | undefined,
): Promise<void> {
  const { clade, env, print } = context;
  await using stores = await openStores(context, options);
  const run = await findRun(context, stores.population, name, "work");
  if (run.state.kind === "running") {
    await stores.population.stop(run.id);
    print(
      `run ${run.id}: stopped; its workers drop the generation in progress and leave. ` +
        `Continue with: ${clade} resume ${run.id}`,
    );
  } else {
    print(`run ${run.id}: is ${run.state.kind} already`);
  }
  for (const line of await endJobs(env, stores.population, run)) print(line);
}
