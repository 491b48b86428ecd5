/** Applies, queries and deletes Jobs with kubectl, in the cluster that it is configured for. */
import { CladeError } from "../algorithm/clade-error.ts";
import { answer, inNamespace, kubectl } from "./kubectl.ts";
import type { KubernetesVersion } from "./kubernetes.ts";

interface JobState {
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly ended?: "complete" | "failed";
  /** Why pods do not work, such as `ImagePullBackOff`, and how many of them. */
  readonly troubles: ReadonlyMap<string, number>;
}

/** Throws if there is no kubectl, or if it reaches no cluster. */
export async function versionOfCluster(env: NodeJS.ProcessEnv): Promise<KubernetesVersion> {
  const { serverVersion } = await answer<{
    serverVersion?: { readonly major: string; readonly minor: string };
  }>(env, ["version", "--output=json"], "cannot reach a cluster; it says");
  if (!serverVersion) throw new CladeError("kubectl: cannot reach a cluster");
  // Some clusters write the minor version as "27+".
  return {
    major: Number.parseInt(serverVersion.major, 10),
    minor: Number.parseInt(serverVersion.minor, 10),
  };
}

/** Resolves the namespace of the applied Job or other object. Throws with kubectl's message. */
export async function applyToKubernetes(
  env: NodeJS.ProcessEnv,
  manifest: string,
  what = "job",
): Promise<string> {
  const words = ["apply", "--filename=-", "--output=json"];
  const complaint = `the cluster rejects the ${what}; it says`;
  const { metadata } = await answer<{ metadata: { readonly namespace: string } }>(
    env,
    words,
    complaint,
    manifest,
  );
  return metadata.namespace;
}

/** Undefined if the cluster has no such Job. */
export async function stateOfJob(
  env: NodeJS.ProcessEnv,
  name: string,
  namespace?: string,
): Promise<JobState | undefined> {
  const where = inNamespace(namespace);
  const text = await kubectl(env, [
    "get",
    "job",
    name,
    ...where,
    "--ignore-not-found",
    "--output=json",
  ]);
  if (text.trim() === "") return undefined;
  const { status = {} } = JSON.parse(text) as { readonly status?: Partial<JobStatus> };
  const { active = 0, succeeded = 0, failed = 0, conditions = [] } = status;
  const holds = (type: string) =>
    conditions.some((condition) => condition.type === type && condition.status === "True");
  const ended = holds("Complete") ? "complete" : holds("Failed") ? "failed" : undefined;
  const pods = await answer<{ readonly items: readonly Pod[] }>(env, [
    "get",
    "pods",
    `--selector=job-name=${name}`,
    ...where,
    "--output=json",
  ]);
  const troubles = new Map<string, number>();
  for (const trouble of pods.items.flatMap(troublesOf))
    troubles.set(trouble, (troubles.get(trouble) ?? 0) + 1);
  return { active, succeeded, failed, ...(ended && { ended }), troubles };
}

/** Deletes the Job and its pods, which get time to exit. Resolves whether there was one. */
export async function deleteFromKubernetes(
  env: NodeJS.ProcessEnv,
  name: string,
  namespace?: string,
): Promise<boolean> {
  const where = inNamespace(namespace);
  const how = ["--ignore-not-found", "--wait=false", "--output=name"];
  return (await kubectl(env, ["delete", "job", name, ...where, ...how])).trim() !== "";
}

interface JobStatus {
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly conditions: readonly Condition[];
}

export interface Reason {
  readonly reason?: string;
  readonly message?: string;
}

interface Condition extends Reason {
  readonly type: string;
  readonly status: string;
}

export interface Pod {
  readonly status?: Reason & {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly waiting?: Reason;
        readonly terminated?: Reason & { readonly exitCode: number };
      };
    }[];
  };
}

/** Why no node accepts a pod; undefined if one does. */
export function unplacedBecause({ status }: Pod): Reason | undefined {
  return status?.conditions?.find(
    ({ type, status }) => type === "PodScheduled" && status === "False",
  );
}

/** Why a pod on a node does not start; undefined while it is starting. */
export function waitingBecause({ status }: Pod): Reason | undefined {
  const { waiting } = status?.containerStatuses?.[0]?.state ?? {};
  return waiting && !/^(ContainerCreating|PodInitializing)$/.test(waiting.reason ?? "")
    ? waiting
    : undefined;
}

/** What keeps a pod from working. Exit code 130, after a request to leave, does not count. */
function troublesOf(pod: Pod): string[] {
  const unplaced = unplacedBecause(pod);
  if (unplaced) return [unplaced.reason ?? "not scheduled"];
  const waiting = waitingBecause(pod);
  if (waiting) return [waiting.reason ?? "waiting"];
  const { terminated } = pod.status?.containerStatuses?.[0]?.state ?? {};
  if (!terminated || terminated.exitCode === 0 || terminated.exitCode === 130) return [];
  const { reason = "Error", exitCode } = terminated;
  return [reason === "Error" ? `exit code ${exitCode}` : reason];
}
