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
import { clade } from "../clade-command.ts";
import { sourceOf } from "../declarations/run-source.ts";
import { exitCodes } from "../exit-codes.ts";
import { patienceWords, type SettingOptions } from "../options/settings.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type StoreOptions, type Stores } from "../runs/open-store.ts";
import {
  claimsOf,
  type KubernetesOptions,
  refuseBadOptions,
  refuseOldVersion,
  refuseUnmounted,
  versionOf,
} from "../submit/kubernetes-options.ts";
import { type SubmittedRun, submittedRun } from "../submit/submitted-run.ts";
import { signalNames } from "../work/execute.ts";

interface Options extends SettingOptions, StoreOptions, KubernetesOptions {
  readonly run?: string;
  readonly apply?: boolean;
}

/**
 * Creates a run and prints the manifest of a Job of workers for it, or applies it, after one pod
 * has tried what its workers need. The run is there in both cases, since the manifest names it.
 * The trainer is not tried: this machine may have neither its GPU nor its Python.
 */
export async function submitKubernetesCommand(
  file: string | undefined,
  options: Options,
): Promise<void> {
  refuseBadOptions(options);
  const cluster = options.apply ? await versionOfCluster() : undefined;
  if (cluster) refuseOldVersion(cluster);
  await using stores = await openStores(options, { create: true });
  const claims = claimsOf(options);
  const existing =
    options.run === undefined ? undefined : await findRun(stores.population, options.run);
  refuseUnmounted(existing ? existing.checkpoints : stores.place, claims);
  const submitted = await submittedRun(stores, file, options);
  const interrupted = new AbortController();
  for (const signal of signalNames) process.once(signal, () => interrupted.abort());
  try {
    await submit(stores, submitted, options, versionOf(options) ?? cluster, interrupted.signal);
  } catch (error) {
    await submitted.undo();
    if (!interrupted.signal.aborted) throw error;
    console.error("interrupted: nothing was submitted");
    process.exitCode = exitCodes.interrupted;
  }
}

async function submit(
  stores: Stores,
  { run }: SubmittedRun,
  options: Options,
  version: KubernetesVersion | undefined,
  signal: AbortSignal,
): Promise<void> {
  const settings = settingsFor(run, options, version);
  const job = kubernetesJob(settings);
  process.exitCode = exitCodes.done;
  if (!options.apply) {
    console.log(yaml(job).trimEnd());
    console.error(
      `run ${run.id} is there and waits for workers: apply this manifest with kubectl, or drop the run with: ${clade} remove ${run.id}`,
    );
    return;
  }
  await tryFirst(settings, signal);
  signal.throwIfAborted();
  const { name } = job.metadata;
  const namespace = await applied(stores, run, name, yaml(job), options);
  console.log(`submitted as job ${name} in namespace ${namespace}`);
  console.log(
    `run ${run.id}: look at it with: ${clade} status ${run.id}; end it with: ${clade} stop ${run.id}`,
  );
}

/** Throws where the workers of the Job could not work. */
async function tryFirst(settings: KubernetesSettings, signal: AbortSignal): Promise<void> {
  const { image } = settings;
  const pod = kubernetesCheck(settings);
  const { name } = pod.metadata;
  console.log(`trying image ${image} in pod ${name}`);
  const untried = await tryInKubernetes(yaml(pod), { ...settings, name }, signal);
  if (untried !== undefined)
    console.error(`image ${image}: was not tried, since no node takes a pod now (${untried})`);
}

/** kubectl reads YAML 1.1, in which the word yes is no word. */
function yaml(manifest: object): string {
  return stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });
}

/**
 * Applies the manifest and keeps a note of it, or leaves no Job whose run is about to be taken
 * back.
 */
async function applied(
  stores: Stores,
  run: Run,
  id: string,
  manifest: string,
  { namespace }: Options,
) {
  try {
    const where = await applyToKubernetes(manifest);
    const note = { kind: "job", scheduler: "kubernetes", id, submittedAt: Date.now() } as const;
    await stores.population.note(run.id, { ...note, where });
    return where;
  } catch (error) {
    await deleteFromKubernetes(id, namespace).catch(() => {});
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
