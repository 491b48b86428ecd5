import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { localFileSystem } from "../../checkpoint-store/shared-directory/local-file-system.ts";
import { slurmScript } from "../../cluster/slurm.ts";
import { cancelInSlurm, requireSlurm, submitToSlurm } from "../../cluster/slurm-jobs.ts";
import type { Run } from "../../population-store/population-store.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option, required } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { wholeNumber } from "../options/parsers.ts";
import { settingsOf } from "../options/setting-options.ts";
import { submitOptions } from "../options/submit-options.ts";
import { patienceWords } from "../options/worker-options.ts";
import { findRun } from "../runs/find-run.ts";
import type { Stores } from "../runs/open-store.ts";
import { requireEnvironment, requireUsableTime, wordsOf } from "../submit/slurm-options.ts";
import { openSharedStores, requireOneOfBoth, submittedRun } from "../submit/submitted-run.ts";

/** Stands for the run's name if there is no run yet. */
const unnamed = "RUN";

const declared = [
  ...submitOptions,
  required(option("--array <n>", "how many workers", wholeNumber())),
  option("--gpus-per-worker <n>", "GPUs for each worker", wholeNumber()),
  option("--cpus-per-worker <n>", "cores for each worker", wholeNumber()),
  option("--memory-per-worker <size>", "memory for each worker, such as 16G"),
  option(
    "--time <limit>",
    "the time limit of a worker, such as 4:00:00; it continues after a requeue",
  ),
  option("--partition <name>", "the partition"),
  option("--print", "print the script, and submit nothing"),
] as const;

type Options = OptionsOf<typeof declared>;

/**
 * Creates a run and submits a job array of workers for it. The trainer is not tested here: a login
 * node may have neither its GPU nor its Python.
 */
export const submitSlurm = command({
  options: declared,
  action: submitArray,
});

async function submitArray(
  context: Context,
  options: Options,
  first: string | undefined,
  others: readonly string[],
): Promise<void> {
  const { env } = context;
  const { file, more } = wordsOf(first, others);
  requireUsableTime(options.time);
  requireOneOfBoth(file, options.run);
  await using stores = await openSharedStores(context, options);
  requireEnvironment(more, env, !hasPassword(stores.url));
  if (options.print) return await printScript(context, stores, file, more, options);
  await requireSlurm(env);
  await submit(context, stores, file, more, options);
}

/** Creates and changes nothing. */
async function printScript(
  context: Context,
  stores: Stores,
  file: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  if (file !== undefined) await loadExperiment(context, file, settingsOf(options));
  const run =
    file === undefined ? (await findRun(context, stores.population, options.run)).id : unnamed;
  context.print(scriptFor(stores, run, more, options).trimEnd());
  const name =
    run === unnamed ? `; ${unnamed} stands for the name of the run, which was not created` : "";
  context.warn(`nothing was submitted; this is the script${name}`);
}

async function submit(
  context: Context,
  stores: Stores,
  file: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  const { clade, print } = context;
  const { run, undo } = await submittedRun(context, stores, file, options);
  try {
    warnOfLocalPlace(context, run.checkpoints);
    const text = scriptFor(stores, run.id, more, options);
    print(text);
    const { id, script } = await submitted(context, stores, run, text);
    print(`submitted as job ${id}: ${script}`);
  } catch (error) {
    // Report this error, even if the cleanup also fails.
    await undo().catch(() => {});
    throw error;
  }
  print(
    `run ${run.id}: look at it with: ${clade} status ${run.id}; ` +
      `end it with: ${clade} stop ${run.id}`,
  );
}

/**
 * Keeps the script beside the logs, and a note of the job with the run. On failure it leaves
 * neither, and no job.
 */
async function submitted(
  { env }: Context,
  { url, population, logDirectory }: Stores,
  run: Run,
  text: string,
): Promise<{ readonly id: string; readonly script: string }> {
  mkdirSync(logDirectory, { recursive: true });
  const script = join(logDirectory, `${run.id}-slurm.sh`);
  writeFileSync(script, text);
  let id: string | undefined;
  try {
    id = await submitToSlurm({ ...env, CLADE_STORE: url }, script, run.id);
    const submittedAt = Date.now();
    await population.note(run.id, { kind: "job", scheduler: "slurm", id, submittedAt });
    return { id, script };
  } catch (error) {
    if (id !== undefined) await cancelInSlurm(env, id, run.id).catch(() => {});
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

/** Only a warning: the disk of a login node may be shared with the other nodes. */
function warnOfLocalPlace({ warn }: Context, checkpoints: string | undefined): void {
  if (!checkpoints?.startsWith("file:")) return;
  const directory = fileURLToPath(checkpoints);
  const name = existsSync(directory) ? localFileSystem(directory) : undefined;
  if (name)
    warn(
      `checkpoints ${checkpoints}: are on ${name}, a disk of this machine; ` +
        "workers on machines that do not see it will refuse to work",
    );
}
