/**
 * Tests in one pod what every pod of a Job does when it starts. So a problem is reported in one
 * sentence, instead of a Job whose pods fail.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "../algorithm/clade-error.ts";
import { answer, inNamespace, kubectl } from "./kubectl.ts";
import {
  applyToKubernetes,
  type Pod,
  type Reason,
  unplacedBecause,
  waitingBecause,
} from "./kubernetes-jobs.ts";

const lookAgainMs = 1000;
/**
 * Some complaints of a cluster disappear by themselves, such as a Secret that a node does not know
 * yet.
 */
const patienceMs = 5000;

/**
 * Runs a pod to its end and deletes it. If no node has room for it, resolves why it was not
 * tested. Throws a `CladeError` if it cannot start, if it fails, and if the signal aborts.
 *
 * @param manifest - Of `kubernetesCheck`.
 */
export async function tryInKubernetes(
  env: NodeJS.ProcessEnv,
  manifest: string,
  {
    name,
    image,
    namespace,
  }: { readonly name: string; readonly image: string; readonly namespace?: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const where = inNamespace(namespace);
  let complained = Number.POSITIVE_INFINITY;
  try {
    await applyToKubernetes(env, manifest, "pod that tries the image");
    for (;;) {
      const pod = await answer<Pod>(env, ["get", "pod", name, ...where, "--output=json"]);
      if (pod.status?.phase === "Succeeded") return undefined;
      if (pod.status?.phase === "Failed") throw failed(image, pod);
      const unplaced = unplacedBecause(pod);
      const waiting = waitingBecause(pod);
      complained =
        unplaced || waiting ? Math.min(complained, performance.now()) : Number.POSITIVE_INFINITY;
      if (performance.now() - complained > patienceMs) {
        if (waiting) throw cannotStart(image, waiting);
        // A node that becomes free would not change that.
        if (unplaced!.message?.includes("persistentvolumeclaim"))
          throw cannotStart(image, unplaced!);
        return unplaced!.message ?? "no reason is given";
      }
      await sleep(lookAgainMs, undefined, { signal });
    }
  } finally {
    const words = ["delete", "pod", name, ...where, "--ignore-not-found", "--wait=false"];
    await kubectl(env, words).catch(() => {});
  }
}

const clade = "it needs clade on its PATH, where templates/kubernetes/Dockerfile puts it";
const missing = "make what is missing in the namespace of the job, or correct its name";
const unfetched = "correct the name, push it, or let nodes pull it";
const remedies: { readonly [reason: string]: string } = {
  StartError: clade,
  ContainerCannotRun: clade,
  CreateContainerConfigError: missing,
  Unschedulable: missing,
  ErrImagePull: unfetched,
  ImagePullBackOff: unfetched,
  InvalidImageName: unfetched,
};

function cannotStart(
  image: string,
  { reason = "", message = "no reason is given" }: Reason,
): CladeError {
  const remedy = remedies[reason] ?? "see kubectl get events";
  return new CladeError(
    `image ${image}: a pod of it cannot start (${reason}: ${message.trim()}); ${remedy}`,
  );
}

function failed(image: string, { status }: Pod): CladeError {
  const { terminated } = status?.containerStatuses?.[0]?.state ?? {};
  if (terminated?.reason !== undefined && terminated.reason in remedies)
    return cannotStart(image, terminated);
  const said = terminated?.message?.trim() || status?.reason || terminated?.reason;
  return new CladeError(`image ${image}: a pod of it cannot work on the run: ${said}`);
}
