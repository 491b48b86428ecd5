import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { stringify } from "yaml";
import {
  jobName,
  type KubernetesSettings,
  type KubernetesVersion,
  kubernetesCheck,
  kubernetesJob,
} from "../../cluster/kubernetes.ts";
import { tryInKubernetes } from "../../cluster/kubernetes-check.ts";
import {
  applyToKubernetes,
  deleteFromKubernetes,
  versionOfCluster,
} from "../../cluster/kubernetes-jobs.ts";
import type { Run } from "../../population-store/population-store.ts";
import type { Context } from "../context.ts";
import { sourceOf } from "../declarations/run-source.ts";
import { command } from "../declare/command.ts";
import type { OptionsOf } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { submitOptions } from "../options/submit-options.ts";
import { patienceWords } from "../options/worker-options.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import {
  claimsOf,
  kubernetesOptions,
  requireMounted,
  requireNewEnough,
  requireUsable,
  versionOf,
} from "../submit/kubernetes-options.ts";
import { type SubmittedRun, submittedRun } from "../submit/submitted-run.ts";
import { firstInterruption } from "../work/interruption.ts";

const declared = [...submitOptions, ...kubernetesOptions] as const;

type Options = OptionsOf<typeof declared>;

/**
 * Creates a run and prints the manifest of a Job of workers for it. With --apply it applies the
 * manifest, after one pod has tested what the workers need. The run exists in both cases, because
 * the manifest names it. The trainer is not tested here: this machine may have neither its GPU nor
 * its Python.
 */
export const submitKubernetes = command({
  options: declared,
  action: submitJob,
});

async function submitJob(
  context: Context,
  options: Options,
  file: string | undefined,
): Promise<number> {
  requireUsable(options);
  const cluster = options.apply ? await versionOfCluster(context.env) : undefined;
  if (cluster) requireNewEnough(cluster);
  await using stores = await openStores(context, options, { create: true });
  const claims = claimsOf(options);
  const existing =
    options.run === undefined ? undefined : await findRun(context, stores.population, options.run);
  requireMounted(existing ? existing.checkpoints : stores.place, claims);
  const submitted = await submittedRun(context, stores, file, options);
  using interruption = firstInterruption(context);
  const { signal } = interruption;
  try {
    await submit(context, stores, submitted, options, versionOf(options) ?? cluster, signal);
  } catch (error) {
    await submitted.undo();
    if (!signal.aborted) throw error;
    context.warn("interrupted: nothing was submitted");
    return exitCodes.interrupted;
  }
  return exitCodes.done;
}

async function submit(
  context: Context,
  stores: Stores,
  { run }: SubmittedRun,
  options: Options,
  version: KubernetesVersion | undefined,
  signal: AbortSignal,
): Promise<void> {
  const settings = settingsFor(run, options, version);
  const job = kubernetesJob(settings);
  const { clade, env, print, warn } = context;
  if (!options.apply) {
    print(yaml(job).trimEnd());
    warn(
      `run ${run.id} is there and waits for workers: apply this manifest with kubectl, ` +
        `or drop the run with: ${clade} remove ${run.id}`,
    );
    return;
  }
  await tryFirst(context, settings, signal);
  signal.throwIfAborted();
  const { name } = job.metadata;
  const namespace = await applied(env, stores, run, name, yaml(job), options);
  print(`submitted as job ${name} in namespace ${namespace}`);
  print(
    `run ${run.id}: look at it with: ${clade} status ${run.id}; ` +
      `end it with: ${clade} stop ${run.id}`,
  );
}

/** Throws if the workers of the Job could not work. */
async function tryFirst(
  { env, print, warn }: Context,
  settings: KubernetesSettings,
  signal: AbortSignal,
): Promise<void> {
  const { image } = settings;
  const pod = kubernetesCheck(settings);
  const { name } = pod.metadata;
  print(`trying image ${image} in pod ${name}`);
  const untried = await tryInKubernetes(env, yaml(pod), { ...settings, name }, signal);
  if (untried !== undefined)
    warn(`image ${image}: was not tried, because no node has room for a pod now (${untried})`);
}

/** kubectl reads YAML 1.1, in which the word yes is not a string. */
function yaml(manifest: object): string {
  return stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });
}

/**
 * Applies the manifest and notes the job with the run. On failure it leaves no Job, because the
 * run is then removed.
 */
async function applied(
  env: NodeJS.ProcessEnv,
  stores: Stores,
  run: Run,
  id: string,
  manifest: string,
  { namespace }: Options,
) {
  try {
    const where = await applyToKubernetes(env, manifest);
    const note = { kind: "job", scheduler: "kubernetes", id, submittedAt: Date.now() } as const;
    await stores.population.note(run.id, { ...note, where });
    return where;
  } catch (error) {
    await deleteFromKubernetes(env, id, namespace).catch(() => {});
    throw error;
  }
}

function settingsFor(
  run: Run,
  options: Options,
  version: KubernetesVersion | undefined,
): KubernetesSettings {
  const { workers, image, namespace, cpusPerWorker, memoryPerWorker, gpusPerWorker } = options;
  const { nodeLabel = [], tolerate = [], secret } = options;
  return {
    name: jobName(run.id, randomBytes(4).toString("hex")),
    run: run.id,
    experiment: options.experimentInImage ?? `/experiment/${basename(sourceOf(run).file)}`,
    workerOptions: patienceWords(options.patience),
    workers,
    image,
    secrets: secret,
    claims: claimsOf(options),
    nodeLabels: Object.fromEntries(nodeLabel.map((text) => text.split("=") as [string, string])),
    tolerated: tolerate,
    hopelessCodes: [exitCodes.badInput, exitCodes.runFailed],
    ...(namespace !== undefined && { namespace }),
    ...(cpusPerWorker !== undefined && { cpusPerWorker }),
    ...(memoryPerWorker !== undefined && { memoryPerWorker }),
    ...(gpusPerWorker !== undefined && { gpusPerWorker }),
    ...(version && { version }),
  };
}
