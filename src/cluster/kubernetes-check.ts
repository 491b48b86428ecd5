/** Tries in one pod what every pod of a Job does when it starts, so that what cannot work is one sentence and not a Job whose pods fail. */
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "../algorithm/clade-error.ts";
import { answer, inNamespace, kubectl } from "./kubectl.ts";
import { applyToKubernetes } from "./kubernetes-jobs.ts";

const lookAgainMs = 1000;
/** What a cluster complains of may pass by itself, such as a Secret that a node has not heard of yet. */
const patienceMs = 5000;

interface Pod {
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly state?: { readonly waiting?: Reason; readonly terminated?: Reason };
    }[];
  };
}

interface Reason {
  readonly reason?: string;
  readonly message?: string;
}

/**
 * Runs a pod to its end and deletes it. Resolves why it could not be tried where no node has room for it. Throws a `CladeError` when it cannot start, or
 * fails, and when the signal aborts.
 *
 * @param manifest - Of `kubernetesCheck`.
 */
export async function tryInKubernetes(
  manifest: string,
  { name, image }: { readonly name: string; readonly image: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const where = inNamespace(await applyToKubernetes(manifest, "pod that tries the image"));
  let complained = Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      const { status = {} } = await answer<Pod>(["get", "pod", name, ...where, "--output=json"], "says");
      const { phase, reason, conditions = [], containerStatuses: [container] = [] } = status;
      const { waiting, terminated } = container?.state ?? {};
      if (phase === "Succeeded") return undefined;
      if (phase === "Failed") {
        if (terminated && terminated.reason !== "Error") throw cannotStart(image, terminated);
        const said = terminated?.message?.trim() || reason || "it says nothing";
        throw new CladeError(`image ${image}: a pod of it cannot work on the run: ${said}`);
      }
      const unplaced = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
      const isComplaint =
        unplaced || (waiting && !/^(ContainerCreating|PodInitializing)$/.test(waiting.reason ?? ""));
      complained = isComplaint ? Math.min(complained, performance.now()) : Number.POSITIVE_INFINITY;
      if (performance.now() - complained > patienceMs) {
        if (waiting) throw cannotStart(image, waiting);
        const message = unplaced!.message ?? "no node is free";
        // No node that comes free would change that.
        if (message.includes("persistentvolumeclaim"))
          throw cannotStart(image, { reason: "Unschedulable", message });
        return message;
      }
      await sleep(lookAgainMs, undefined, { signal });
    }
  } finally {
    await kubectl(["delete", "pod", name, ...where, "--ignore-not-found", "--wait=false"]).catch(() => {});
  }
}

const remedies: { readonly [reason: string]: string } = {
  StartError: "it needs clade on its PATH, where templates/kubernetes/Dockerfile puts it",
  ContainerCannotRun: "it needs clade on its PATH, where templates/kubernetes/Dockerfile puts it",
  CreateContainerConfigError: "make what is missing in the namespace of the job, or correct its name",
  Unschedulable: "make what is missing in the namespace of the job, or correct its name",
  ErrImagePull: "correct the name, push it, or let nodes pull it",
  ImagePullBackOff: "correct the name, push it, or let nodes pull it",
  InvalidImageName: "correct the name",
};

function cannotStart(
  image: string,
  { reason = "Error", message = "no reason is given" }: Reason,
): CladeError {
  const remedy = remedies[reason] ?? "see kubectl get events";
  return new CladeError(`image ${image}: no pod of it can start (${reason}: ${message.trim()}); ${remedy}`);
}
