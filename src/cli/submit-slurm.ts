import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BadInputError } from "../algorithm/problem.ts";
import { localFileSystem } from "../checkpoint-store/shared-directory/local-file-system.ts";
import { slurmScript } from "../cluster/slurm.ts";
import { submitToSlurm } from "../cluster/slurm-jobs.ts";
import { clade } from "./clade-command.ts";
import { exitCodes } from "./exit-codes.ts";
import { openStores, type StoreOptions, type Stores } from "./open-store.ts";
import type { SettingOptions } from "./settings.ts";
import { type SubmittedRun, submittedRun } from "./submitted-run.ts";

interface Options extends SettingOptions, StoreOptions {
  readonly run?: string;
  readonly array: number;
  readonly gpusPerWorker?: number;
  readonly cpusPerWorker?: number;
  readonly memoryPerWorker?: string;
  readonly time?: string;
  readonly partition?: string;
  readonly print?: boolean;
}

/** Creates a run and submits a job array of workers for it. The trainer is not tried here: a login node may have neither its GPU nor its Python. */
export async function submitSlurmCommand(
  file: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  refuseBadTime(options.time);
  await using stores = await openStores(options, { create: true });
  const submitted = await submittedRun(stores, file, options);
  try {
    await submit(stores, submitted, more, options);
  } catch (error) {
    await submitted.undo();
    throw error;
  }
}

async function submit(
  stores: Stores,
  { run, undo }: SubmittedRun,
  more: readonly string[],
  options: Options,
): Promise<void> {
  const { array, gpusPerWorker, cpusPerWorker, memoryPerWorker, time, partition } = options;
  const hasPassword = new URL(stores.url).password !== "" || new URL(stores.url).searchParams.has("password");
  const { logDirectory } = stores;
  const text = slurmScript({
    run: run.id,
    clade: [process.execPath, fileURLToPath(new URL("../../bin/clade.js", import.meta.url))],
    array,
    ...(gpusPerWorker !== undefined && { gpusPerWorker }),
    ...(cpusPerWorker !== undefined && { cpusPerWorker }),
    ...(memoryPerWorker !== undefined && { memoryPerWorker }),
    ...(time !== undefined && { time }),
    ...(partition !== undefined && { partition }),
    logDirectory,
    ...(!hasPassword && { store: stores.url }),
    workerOptions: [],
    more,
  });
  console.log(text);
  if (options.print) {
    await undo();
    console.error("nothing was submitted, and no run was created: this is what would be");
    return;
  }
  mkdirSync(logDirectory, { recursive: true });
  const script = resolve(join(logDirectory, `${run.id}-slurm.sh`));
  writeFileSync(script, text);
  // The environment goes with the job, and with it the store's URL.
  process.env.CLADE_STORE = stores.url;
  const { id, where } = await submitToSlurm(script);
  await stores.population.note(run.id, {
    kind: "job",
    scheduler: "slurm",
    id,
    submittedAt: Date.now(),
    ...(where !== undefined && { where }),
  });
  console.log(`submitted as job ${id}: ${script}`);
  console.log(
    `run ${run.id}: look at it with: ${clade} status ${run.id}; end it with: ${clade} stop ${run.id}`,
  );
  warnOfLocalPlace(run.checkpoints);
  process.exitCode = exitCodes.done;
}

function warnOfLocalPlace(checkpoints: string | undefined): void {
  if (!checkpoints?.startsWith("file:")) return;
  const name = localFileSystem(fileURLToPath(checkpoints));
  if (name)
    console.error(
      `checkpoints ${checkpoints}: are on ${name}, a disk of this machine; workers on machines that do not see it will refuse to work`,
    );
}

/** The formats that sbatch takes. */
function refuseBadTime(time: string | undefined): void {
  if (time === undefined || /^(\d+-\d+(:\d+){0,2}|\d+(:\d+){0,2})$/.test(time)) return;
  const remedy = "write for example 4:00:00 for four hours, or 2-00:00:00 for two days";
  throw new BadInputError([{ path: "--time", value: time, rule: "is no time that Slurm reads", remedy }]);
}
