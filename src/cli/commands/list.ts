import {
  DamagedRowError,
  type DamagedRun,
  type PopulationStore,
  type Run,
} from "../../population-store/population-store.ts";
import { count, duration, number } from "../../report/words.ts";
import { type RunSummary, summaryOf } from "../../run/run-summary.ts";
import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import type { OptionsOf } from "../declare/option.ts";
import { json } from "../options/json.ts";
import { store } from "../options/store-options.ts";
import { table } from "../printing/format.ts";
import { damageText, unlessDamaged } from "../runs/damaged-runs.ts";
import { openStores } from "../runs/open-store.ts";
import { stateWord } from "../runs/run-state.ts";

interface Readable {
  readonly run: Run;
  readonly state: string;
  readonly result: RunSummary;
}

const declared = [store, json] as const;

export const list = command({
  options: declared,
  action: listRuns,
});

async function listRuns(context: Context, options: OptionsOf<typeof declared>): Promise<void> {
  const { clade, print } = context;
  await using stores = await openStores(context, options);
  const { population } = stores;
  const runs = [...(await population.runs()), ...(await population.damagedRuns())];
  const rows: string[][] = [["run", "state", "best", "members", "steps", "time", "started"]];
  const damages: string[] = [];
  for (const run of runs.toSorted((one, other) => one.createdAt - other.createdAt)) {
    const read = "why" in run ? run : await readWhole(population, run);
    if ("why" in read) damages.push(damageText(context, read));
    if (options.json) print(JSON.stringify("why" in read ? damagedResult(read) : read.result));
    else
      rows.push([
        ...("why" in read ? [read.id, "damaged", "", "", "", ""] : columnsOf(read)),
        startOf(run),
      ]);
  }
  if (options.json) return;
  print(
    runs.length === 0
      ? `no runs yet; start one with: ${clade} run <experiment>`
      : [table(rows), ...damages].join("\n"),
  );
}

/** A run and the state of its members. A row of either may be damaged. */
async function readWhole(
  store: PopulationStore,
  run: Run,
): Promise<Readable | Pick<DamagedRun, "id" | "why">> {
  const read = await unlessDamaged(async () => ({
    run,
    result: await summaryOf(store, run.id),
    state: await stateWord(store, run),
  }));
  return read instanceof DamagedRowError ? { id: run.id, why: read.message } : read;
}

function damagedResult({ id, why }: Pick<DamagedRun, "id" | "why">) {
  return { run: id, state: { kind: "damaged", reason: why } };
}

function columnsOf({ run, state, result }: Readable): string[] {
  return [
    run.id,
    state,
    number(result.score),
    count(run.experiment.population),
    count(result.totalSteps),
    duration(result.seconds),
  ];
}

function startOf({ createdAt }: Pick<Run, "createdAt">): string {
  return new Date(createdAt).toISOString().slice(0, 16).replace("T", " ");
}
