/**
 * Workers as a plain parallel Job of Kubernetes (1.20 or later): as many pods as there are
 * workers, and no count of completions, since who trains what is decided in the store. A worker
 * leaves with 0 when the run is over, after which the Job starts no more pods; after SIGTERM it
 * leaves with 130, and the Job replaces it.
 */

export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
}

/** A PersistentVolumeClaim, and where workers see it. */
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
  /** Exit codes of a worker after which it would do no better in another pod. */
  readonly hopelessCodes: readonly number[];
  /** What the cluster is known to be. */
  readonly version?: KubernetesVersion;
}

/**
 * Where workers write, in memory or on the node's disk: the root of their file system is
 * read-only.
 */
export const scratch = { disk: "/tmp", memory: "/dev/shm" } as const;

/** Preemption counts as a failure before 1.26, and a run may see thousands of those. */
const failuresAllowed = 1_000_000;

/** For the member to be given back, also where the database answers late. */
const secondsToLeave = 60;

/** For a node to fetch a large image. */
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
 * A pod that asks for what each worker of the Job asks for, trains one generation as they do, and
 * ends. Nothing of it is published.
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
      // What it says is then part of its state: logs are on the node, which may be out of reach.
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
    // The pod's first process is then one that reaps what trainers leave behind.
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
        // Logs of trainers go into the directory where the worker starts.
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

/** Kubernetes replaces `$(NAME)` in what it starts, and `$$` by `$`. */
function literal(word: string): string {
  return word.replaceAll("$", () => "$$");
}

function environment({ cpusPerWorker }: KubernetesSettings) {
  return [
    { name: "HOME", value: scratch.disk },
    { name: "CLADE_CACHE", value: `${scratch.disk}/clade-cache` },
    // Libraries would start as many threads as the node has cores.
    ...(cpusPerWorker === undefined
      ? []
      : [{ name: "OMP_NUM_THREADS", value: threads(cpusPerWorker) }]),
  ];
}

function threads(cpus: string): string {
  return String(Math.ceil(cpus.endsWith("m") ? Number.parseInt(cpus, 10) / 1000 : Number(cpus)));
}

/** Requests equal limits, so that what evicts pods for their use of a node takes others first. */
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

/** A pod that ends so ends the Job, which is then failed. */
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
 * A DNS-1123 label: the run as far as it can be one, and letters of its own, since a run may get
 * several Jobs. Pods get six more characters, and 63 are allowed.
 */
export function jobName(run: string, letters: string): string {
  const words = run
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-|-$/g, "");
  return ["clade", words, letters].filter(Boolean).join("-");
}

/** The beginning of a run's name that can be a label's value; the annotation has all of it. */
function labelValue(run: string): string {
  return run.slice(0, 63).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
