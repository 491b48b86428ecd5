import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { stringify } from "yaml";
import { jobName, type KubernetesVersion, kubernetesJob } from "../cluster/kubernetes.ts";
import { applyToKubernetes, deleteFromKubernetes, versionOfCluster } from "../cluster/kubernetes-jobs.ts";
import type { Run } from "../population-store/population-store.ts";
import { clade } from "./clade-command.ts";
import { exitCodes } from "./exit-codes.ts";
import { findRun } from "./find-run.ts";
import {
  claimsOf,
  type KubernetesOptions,
  refuseBadOptions,
  refuseOldVersion,
  refuseUnmounted,
  versionOf,
} from "./kubernetes-options.ts";
import { openStores, type StoreOptions, type Stores } from "./open-store.ts";
import { sourceOf } from "./run-source.ts";
import type { SettingOptions } from "./settings.ts";
import { type SubmittedRun, submittedRun } from "./submitted-run.ts";

interface Options extends SettingOptions, StoreOptions, KubernetesOptions {
  readonly run?: string;
  readonly apply?: boolean;
}

/**
 * Creates a run and prints the manifest of a Job of workers for it, or applies it. The run is there in both cases, since the manifest names it. The trainer is not
 * tried here: this machine may have neither its GPU nor its Python.
 */
export async function submitKubernetesCommand(file: string | undefined, options: Options): Promise<void> {
  refuseBadOptions(options);
  const cluster = options.apply ? await versionOfCluster() : undefined;
  if (cluster) refuseOldVersion(cluster);
  await using stores = await openStores(options, { create: true });
  const claims = claimsOf(options);
  const existing = options.run === undefined ? undefined : await findRun(stores.population, options.run);
  refuseUnmounted(existing ? existing.checkpoints : stores.place, claims);
  const submitted = await submittedRun(stores, file, options);
  try {
    await submit(stores, submitted, options, versionOf(options) ?? cluster);
  } catch (error) {
    await submitted.undo();
    throw error;
  }
}

async function submit(
  stores: Stores,
  { run }: SubmittedRun,
  options: Options,
  version: KubernetesVersion | undefined,
): Promise<void> {
  const job = jobOf(run, options, version);
  // kubectl reads YAML 1.1, in which the word yes is no word.
  const manifest = stringify(job, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });
  process.exitCode = exitCodes.done;
  if (!options.apply) {
    console.log(manifest.trimEnd());
    console.error(
      `run ${run.id} is there and waits for workers: apply this manifest with kubectl, or drop the run with: ${clade} remove ${run.id}`,
    );
    return;
  }
  const { name } = job.metadata;
  const namespace = await applied(stores, run, name, manifest, options);
  console.log(`submitted as job ${name} in namespace ${namespace}`);
  console.log(
    `run ${run.id}: look at it with: ${clade} status ${run.id}; end it with: ${clade} stop ${run.id}`,
  );
}

/** Applies the manifest and keeps a note of it, or leaves no Job whose run is about to be taken back. */
async function applied(stores: Stores, run: Run, id: string, manifest: string, { namespace }: Options) {
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

function jobOf(run: Run, options: Options, version: KubernetesVersion | undefined) {
  const { workers, image, namespace, cpusPerWorker, memoryPerWorker, gpusPerWorker } = options;
  const { nodeLabel = [], tolerate = [], secret } = options;
  return kubernetesJob({
    name: jobName(run.id, randomBytes(4).toString("hex")),
    run: run.id,
    experiment: options.experimentInImage ?? `/experiment/${basename(sourceOf(run).file)}`,
    workers,
    image,
    secrets: secret,
    claims: claimsOf(options),
    nodeLabels: Object.fromEntries(nodeLabel.map((text) => text.split("=") as [string, string])),
    tolerated: tolerate,
    ...(namespace !== undefined && { namespace }),
    ...(cpusPerWorker !== undefined && { cpusPerWorker }),
    ...(memoryPerWorker !== undefined && { memoryPerWorker }),
    ...(gpusPerWorker !== undefined && { gpusPerWorker }),
    ...(version && { version }),
  });
}
