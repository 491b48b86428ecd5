import { count, duration, number } from "../report/words.ts";
import { resultOf } from "../worker/watch.ts";
import { clade } from "./clade-command.ts";
import { table } from "./format.ts";
import { openStores } from "./open-store.ts";
import { stateWord } from "./run-state.ts";

export async function listCommand(options: {
  readonly store?: string;
  readonly json?: boolean;
}): Promise<void> {
  await using stores = await openStores(options);
  const runs = await stores.population.runs();
  const rows: string[][] = [["run", "state", "best", "members", "steps", "time", "started"]];
  for (const run of runs) {
    const result = await resultOf(stores.population, run.id);
    if (options.json) {
      console.log(JSON.stringify(result));
      continue;
    }
    const state = await stateWord(stores.population, run);
    const started = new Date(run.createdAt).toISOString().slice(0, 16).replace("T", " ");
    rows.push([
      run.id,
      state,
      number(result.score),
      count(run.experiment.population),
      count(result.totalSteps),
      duration(result.seconds),
      started,
    ]);
  }
  if (!options.json)
    console.log(runs.length === 0 ? `no runs yet; start one with: ${clade} run <experiment>` : table(rows));
}
