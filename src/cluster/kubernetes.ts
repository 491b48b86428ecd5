/**
 * Workers as a plain parallel Job of Kubernetes (1.20 or later). It has one pod per worker and no
 * count of completions, because the store decides which worker trains what. A worker exits with 0
 * when the run is over, and then the Job starts no more pods. After SIGTERM it exits with 130, and
 * the Job replaces it.
 */

export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
}

/** A PersistentVolumeClaim, and its path in workers. */
export interface VolumeClaim {
  readonly name: string;
  readonly path: string;
}

export interface KubernetesSettings {
  /** See `jobName`. */
  readonly name: string;
  readonly run: string;
  /** The experiment's file in the image. */
  readonly experiment: string;
  /** More words for `clade worker`. */
  readonly workerOptions: readonly string[];
  readonly workers: number;
  readonly image: string;
  readonly namespace?: string;
  /** Names of Secrets, whose keys become environment variables. */
  readonly secrets: readonly string[];
  readonly claims: readonly VolumeClaim[];
  readonly cpusPerWorker?: string;
  readonly memoryPerWorker?: string;
  readonly gpusPerWorker?: number;
  readonly nodeLabels: { readonly [label: string]: string };
  /** Keys of taints that workers tolerate. */
  readonly tolerated: readonly string[];
  /** Exit codes after which a worker would also fail in another pod. */
  readonly hopelessCodes: readonly number[];
  /** The known version of the cluster. */
  readonly version?: KubernetesVersion;
}

/**
 * Where workers can write, in memory or on the node's disk. The root of their file system is
 * read-only.
 */
export const scratch = { disk: "/tmp", memory: "/dev/shm" } as const;

/** Before 1.26 a preemption counts as a failure, and a run may have thousands of them. */
const failuresAllowed = 1_000_000;

/** Time to give the member back, even if the database is slow. */
const secondsToLeave = 60;

/** Time for a node to fetch a large image. */
const checkSeconds = 15 * 60;

/** The user `node` of Node's own images. */
const user = 1000;

export function kubernetesJob(settings: KubernetesSettings) {
  const { name, run, namespace, workers, version, hopelessCodes } = settings;
  const labels = { "app.kubernetes.io/name": "clade", "clade/run": labelValue(run) };
  const annotations = { "clade/run": run };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, ...(namespace !== undefined && { namespace }), labels, annotations },
    spec: {
      parallelism: workers,
      backoffLimit: failuresAllowed,
      ...(version &&
        knowsFailurePolicies(version) && {
          podFailurePolicy: { rules: [disruptionIsNoFailure, failsWith(hopelessCodes)] },
        }),
      template: { metadata: { labels, annotations }, spec: pod(settings) },
    },
  } as const;
}

/**
 * A pod with the requests of the Job's workers. It trains one generation as they do, publishes
 * nothing, and ends.
 */
export function kubernetesCheck(settings: KubernetesSettings) {
  const { metadata, spec } = kubernetesJob(settings);
  const [container] = spec.template.spec.containers;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name: `${metadata.name}-check` },
    spec: {
      ...spec.template.spec,
      activeDeadlineSeconds: checkSeconds,
      // Makes its output part of its state. Logs are on the node, which may be unreachable.
      containers: [
        {
          ...container,
          args: [...container.args, "--check"],
          terminationMessagePolicy: "FallbackToLogsOnError",
        },
      ],
    },
  } as const;
}

function pod(settings: KubernetesSettings) {
  const { claims, secrets, nodeLabels, tolerated } = settings;
  const volumes = [
    { name: "scratch", emptyDir: {} },
    { name: "memory", emptyDir: { medium: "Memory" } },
    ...claims.map(({ name }, index) => ({
      name: `claim-${index}`,
      persistentVolumeClaim: { claimName: name },
    })),
  ];
  const paths = [scratch.disk, scratch.memory, ...claims.map(({ path }) => path)];
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: secondsToLeave,
    automountServiceAccountToken: false,
    // The pod's first process then reaps what trainers leave behind.
    shareProcessNamespace: true,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(Object.keys(nodeLabels).length > 0 && { nodeSelector: nodeLabels }),
    ...(tolerated.length > 0 && {
      tolerations: tolerated.map((key) => ({ key, operator: "Exists" })),
    }),
    containers: [
      {
        name: "worker",
        image: settings.image,
        command: ["clade"],
        args: [
          "worker",
          settings.run,
          "--experiment",
          settings.experiment,
          ...settings.workerOptions,
        ].map(literal),
        // Trainers' logs go to the directory in which the worker starts.
        workingDir: scratch.disk,
        envFrom: secrets.map((name) => ({ secretRef: { name } })),
        env: environment(settings),
        ...resources(settings),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: volumes.map(({ name }, index) => ({ name, mountPath: paths[index]! })),
      },
    ],
    volumes,
  } as const;
}

/** Kubernetes replaces `$(NAME)` in arguments, and `$$` with `$`. */
function literal(word: string): string {
  return word.replaceAll("$", () => "$$");
}

function environment({ cpusPerWorker }: KubernetesSettings) {
  return [
    { name: "HOME", value: scratch.disk },
    { name: "CLADE_CACHE", value: `${scratch.disk}/clade-cache` },
    // Otherwise libraries start as many threads as the node has cores.
    ...(cpusPerWorker === undefined
      ? []
      : [{ name: "OMP_NUM_THREADS", value: threads(cpusPerWorker) }]),
  ];
}

function threads(cpus: string): string {
  return String(Math.ceil(cpus.endsWith("m") ? Number.parseInt(cpus, 10) / 1000 : Number(cpus)));
}

/** Requests equal limits, so that other pods are evicted first. */
function resources({ cpusPerWorker, memoryPerWorker, gpusPerWorker }: KubernetesSettings) {
  const each = {
    ...(cpusPerWorker !== undefined && { cpu: cpusPerWorker }),
    ...(memoryPerWorker !== undefined && { memory: memoryPerWorker }),
    ...(gpusPerWorker !== undefined && { "nvidia.com/gpu": String(gpusPerWorker) }),
  };
  return Object.keys(each).length === 0 ? {} : { resources: { requests: each, limits: each } };
}

const disruptionIsNoFailure = {
  action: "Ignore",
  onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
} as const;

/** A pod with such an exit code fails the Job. */
const failsWith = (codes: readonly number[]) =>
  ({
    action: "FailJob",
    onExitCodes: { containerName: "worker", operator: "In", values: codes },
  }) as const;

/** On by default since 1.26; older clusters reject the field. */
function knowsFailurePolicies({ major, minor }: KubernetesVersion): boolean {
  return major > 1 || minor >= 26;
}

/**
 * A DNS-1123 label from the run's name, with random letters, because a run may get several Jobs.
 * Pods get six more characters, and 63 are allowed.
 */
export function jobName(run: string, letters: string): string {
  const words = run
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-|-$/g, "");
  return ["clade", words, letters].filter(Boolean).join("-");
}

/** The beginning of a run's name, as a valid label value. The annotation has the whole name. */
function labelValue(run: string): string {
  return run.slice(0, 63).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
