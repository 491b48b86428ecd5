import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { localFileSystem } from "../../checkpoint-store/shared-directory/local-file-system.ts";
import { slurmScript } from "../../cluster/slurm.ts";
import { cancelInSlurm, requireSlurm, submitToSlurm } from "../../cluster/slurm-jobs.ts";
import type { Run } from "../../population-store/population-store.ts";
import { clade } from "../clade-command.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { exitCodes } from "../exit-codes.ts";
import { patienceWords, type SettingOptions, settingsOf } from "../options/settings.ts";
import { findRun } from "../runs/find-run.ts";
import type { StoreOptions, Stores } from "../runs/open-store.ts";
import {
  refuseBadTime,
  refuseLostEnvironment,
  type SlurmOptions,
  wordsOf,
} from "../submit/slurm-options.ts";
import { openSharedStores, refuseUnlessOneOfBoth, submittedRun } from "../submit/submitted-run.ts";

interface Options extends SettingOptions, StoreOptions, SlurmOptions {
  readonly run?: string;
  readonly print?: boolean;
}

/** Stands for the run's name where there is no run yet. */
const unnamed = "RUN";

/**
 * Creates a run and submits a job array of workers for it. The trainer is not tried here: a login
 * node may have neither its GPU nor its Python.
 */
export async function submitSlurmCommand(
  first: string | undefined,
  others: readonly string[],
  options: Options,
): Promise<void> {
  const { file, more } = wordsOf(first, others);
  refuseBadTime(options.time);
  refuseUnlessOneOfBoth(file, options.run);
  await using stores = await openSharedStores(options);
  refuseLostEnvironment(more, process.env, !hasPassword(stores.url));
  if (options.print) return await print(stores, file, more, options);
  await requireSlurm();
  await submit(stores, file, more, options);
}

/** Nothing is created or changed, only looked at. */
async function print(
  stores: Stores,
  file: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  if (file !== undefined) await loadExperiment(file, settingsOf(options));
  const run = file === undefined ? (await findRun(stores.population, options.run)).id : unnamed;
  console.log(scriptFor(stores, run, more, options).trimEnd());
  const name =
    run === unnamed ? `; ${unnamed} stands for the name of the run, which was not created` : "";
  console.error(`nothing was submitted: this is what would be${name}`);
}

async function submit(
  stores: Stores,
  file: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  const { run, undo } = await submittedRun(stores, file, options);
  try {
    warnOfLocalPlace(run.checkpoints);
    const text = scriptFor(stores, run.id, more, options);
    console.log(text);
    const { id, script } = await submitted(stores, run, text);
    console.log(`submitted as job ${id}: ${script}`);
  } catch (error) {
    // Whatever else goes wrong here, this is what went wrong first.
    await undo().catch(() => {});
    throw error;
  }
  console.log(
    `run ${run.id}: look at it with: ${clade} status ${run.id}; end it with: ${clade} stop ${run.id}`,
  );
}

/**
 * Keeps the script beside the logs and a note of the job with the run, or leaves neither, and no
 * job.
 */
async function submitted(
  { url, population, logDirectory }: Stores,
  run: Run,
  text: string,
): Promise<{ readonly id: string; readonly script: string }> {
  mkdirSync(logDirectory, { recursive: true });
  const script = join(logDirectory, `${run.id}-slurm.sh`);
  writeFileSync(script, text);
  let id: string | undefined;
  try {
    id = await submitToSlurm(script, run.id, { ...process.env, CLADE_STORE: url });
    const submittedAt = Date.now();
    await population.note(run.id, { kind: "job", scheduler: "slurm", id, submittedAt });
    return { id, script };
  } catch (error) {
    if (id !== undefined) await cancelInSlurm(id, run.id).catch(() => {});
    rmSync(script, { force: true });
    throw error;
  }
}

function scriptFor(
  stores: Stores,
  run: string,
  more: readonly string[],
  options: Options,
): string {
  const { array, gpusPerWorker, cpusPerWorker, memoryPerWorker, time, partition } = options;
  return slurmScript({
    run,
    clade: [process.execPath, fileURLToPath(new URL("../../../bin/clade.js", import.meta.url))],
    workerOptions: patienceWords(options.patience),
    array,
    ...(gpusPerWorker !== undefined && { gpusPerWorker }),
    ...(cpusPerWorker !== undefined && { cpusPerWorker }),
    ...(memoryPerWorker !== undefined && { memoryPerWorker }),
    ...(time !== undefined && { time }),
    ...(partition !== undefined && { partition }),
    logDirectory: stores.logDirectory,
    runFailedCode: exitCodes.runFailed,
    ...(!hasPassword(stores.url) && { store: stores.url }),
    more,
  });
}

function hasPassword(store: string): boolean {
  const { password, searchParams } = new URL(store);
  return password !== "" || searchParams.has("password") || searchParams.has("sslpassword");
}

/** No reason to refuse: the disk of a login node may be what it shares with all the others. */
function warnOfLocalPlace(checkpoints: string | undefined): void {
  if (!checkpoints?.startsWith("file:")) return;
  const directory = fileURLToPath(checkpoints);
  const name = existsSync(directory) ? localFileSystem(directory) : undefined;
  if (name)
    console.error(
      `checkpoints ${checkpoints}: are on ${name}, a disk of this machine; workers on machines that do not see it will refuse to work`,
    );
}
