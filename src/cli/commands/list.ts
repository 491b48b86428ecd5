import {
  DamagedRowError,
  type DamagedRun,
  type PopulationStore,
  type Run,
} from "../../population-store/population-store.ts";
import { count, duration, number } from "../../report/words.ts";
import { type RunResult, resultOf } from "../../worker/watch.ts";
import { clade } from "../clade-command.ts";
import { table } from "../printing/format.ts";
import { damageText, unlessDamaged } from "../runs/damaged-runs.ts";
import { openStores } from "../runs/open-store.ts";
import { stateWord } from "../runs/run-state.ts";

interface Readable {
  readonly run: Run;
  readonly state: string;
  readonly result: RunResult;
}

export async function listCommand(options: {
  readonly store?: string;
  readonly json?: boolean;
}): Promise<void> {
  await using stores = await openStores(options);
  const { population } = stores;
  const runs = [...(await population.runs()), ...(await population.damagedRuns())];
  const rows: string[][] = [["run", "state", "best", "members", "steps", "time", "started"]];
  const damages: string[] = [];
  for (const run of runs.toSorted((one, other) => one.createdAt - other.createdAt)) {
    const read = "why" in run ? run : await readWhole(population, run);
    if ("why" in read) damages.push(damageText(read));
    if (options.json)
      console.log(JSON.stringify("why" in read ? damagedResult(read) : read.result));
    else
      rows.push([
        ...("why" in read ? [read.id, "damaged", "", "", "", ""] : columnsOf(read)),
        startOf(run),
      ]);
  }
  if (options.json) return;
  console.log(
    runs.length === 0
      ? `no runs yet; start one with: ${clade} run <experiment>`
      : [table(rows), ...damages].join("\n"),
  );
}

/** A run and what its members have come to, of which a row may be damaged too. */
async function readWhole(
  store: PopulationStore,
  run: Run,
): Promise<Readable | Pick<DamagedRun, "id" | "why">> {
  const read = await unlessDamaged(async () => ({
    run,
    result: await resultOf(store, run.id),
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
