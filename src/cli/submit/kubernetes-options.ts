/**
 * The options of `clade submit kubernetes` alone. Values that Kubernetes would reject or, worse,
 * accept and never start, are found before anything is created.
 */
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import { type KubernetesVersion, scratch, type VolumeClaim } from "../../cluster/kubernetes.ts";
import { flagOf, type OptionsOf, option, required } from "../declare/option.ts";
import { repeated, wholeNumber } from "../options/parsers.ts";

export const kubernetesOptions = [
  required(option("--workers <n>", "how many workers", wholeNumber())),
  required(option("--image <name>", "an image with Clade and the experiment")),
  required(
    option(
      "--secret <name>",
      "a Secret with CLADE_STORE and whatever else workers need in their environment; " +
        "may be repeated",
      repeated,
    ),
  ),
  option("--apply", "apply the manifest with kubectl, instead of printing it"),
  option(
    "--experiment-in-image <file>",
    "the experiment's file in the image (default: /experiment/ and its name)",
  ),
  option(
    "--volume-claim <name:/path>",
    "mount a PersistentVolumeClaim there, such as one for checkpoints; may be repeated",
    repeated,
  ),
  option("--namespace <name>", "the namespace (default: kubectl's own)"),
  option("--gpus-per-worker <n>", "NVIDIA GPUs for each worker", wholeNumber()),
  option("--cpus-per-worker <n>", "cores for each worker, such as 4 or 500m"),
  option("--memory-per-worker <size>", "memory for each worker, such as 16Gi"),
  option("--node-label <label=value>", "only nodes with this label; may be repeated", repeated),
  option("--tolerate <key>", "also nodes with a taint of this key; may be repeated", repeated),
  option(
    "--kubernetes-version <version>",
    "the cluster's version (default: asked of it with --apply)",
  ),
] as const;

export type KubernetesOptions = OptionsOf<typeof kubernetesOptions>;

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const labelName = "[A-Za-z0-9]([\\w.-]{0,61}[A-Za-z0-9])?";
const qualified = `(${subdomain}/)?${labelName}`;

/** The form of an option's values. */
const rules: {
  readonly [option in keyof KubernetesOptions]?: readonly [
    pattern: string,
    rule: string,
    remedy: string,
  ];
} = {
  image: ["[\\w.:/@-]+", "is not an image name", "write for example registry.example/clade:1"],
  secret: [
    subdomain,
    "is not the name of a Secret",
    "give the name that kubectl get secrets shows",
  ],
  volumeClaim: [
    `${subdomain}:/[^:]*[^:/][^:]*`,
    "is not a claim and a path",
    "write for example checkpoints:/shared, with the name of a PersistentVolumeClaim",
  ],
  experimentInImage: [
    "/.+",
    "is not an absolute path",
    "write for example /experiment/experiment.ts",
  ],
  namespace: [
    label,
    "is not a namespace name",
    "use lower-case letters, digits and -, at most 63",
  ],
  cpusPerWorker: [
    "(?=.*[1-9])(\\d+(\\.\\d{1,3})?|\\d+m)",
    "is not a number of cores",
    "write for example 4, 0.5 or 500m",
  ],
  memoryPerWorker: [
    "(?=.*[1-9])\\d+(\\.\\d+)?([KMGTPE]i|[kMGTPE])",
    "is not an amount of memory",
    "write for example 16Gi",
  ],
  nodeLabel: [
    `${qualified}=(${labelName})?`,
    "is not a node label",
    "write label=value, as kubectl get nodes --show-labels shows them",
  ],
  tolerate: [qualified, "is not the key of a taint", "give the key alone, as in nvidia.com/gpu"],
  kubernetesVersion: ["v?1\\.\\d+.*", "is not a version", "write for example 1.29"],
};

/** Throws `BadInputError` with every mistake. */
export function requireUsable(options: KubernetesOptions): void {
  const problems: Problem[] = [];
  for (const [option, [pattern, rule, remedy]] of Object.entries(rules))
    for (const value of [options[option as keyof KubernetesOptions] ?? []].flat())
      if (!new RegExp(`^(${pattern})$`).test(String(value)))
        problems.push({ path: flagOf(option), value: String(value) || "nothing", rule, remedy });
  if (problems.length === 0) problems.push(...sharedPaths(options), ...oldVersion(options));
  if (problems.length > 0) throw new BadInputError(problems);
}

export function claimsOf({
  volumeClaim = [],
}: Pick<KubernetesOptions, "volumeClaim">): VolumeClaim[] {
  return volumeClaim.map((text) => {
    const [name, path] = text.split(":") as [string, string];
    return { name, path: posix.normalize(path).replace(/\/$/, "") };
  });
}

export function versionOf({
  kubernetesVersion,
}: KubernetesOptions): KubernetesVersion | undefined {
  if (kubernetesVersion === undefined) return undefined;
  const [major, minor] = kubernetesVersion.replace("v", "").split(".");
  return { major: Number(major), minor: Number.parseInt(minor!, 10) };
}

/** A plain parallel Job needs no more than this. */
export function requireNewEnough({ major, minor }: KubernetesVersion): void {
  if (major > 1 || minor >= 20) return;
  throw new BadInputError([tooOld(`${major}.${minor}`)]);
}

/** Whether checkpoints are in a directory that no pod has. */
export function requireMounted(
  checkpoints: string | undefined,
  claims: readonly VolumeClaim[],
): void {
  if (!checkpoints?.startsWith("file:")) return;
  const directory = fileURLToPath(checkpoints);
  if (claims.some(({ path }) => directory === path || directory.startsWith(`${path}/`))) return;
  const rule = "is a directory that no pod would see";
  const remedy =
    "give --checkpoints s3://bucket/prefix, or mount the directory in pods " +
    "with --volume-claim NAME:/path";
  throw new BadInputError([{ path: "--checkpoints", value: checkpoints, rule, remedy }]);
}

function sharedPaths(options: KubernetesOptions): Problem[] {
  const paths = [scratch.disk, scratch.memory, ...claimsOf(options).map(({ path }) => path)];
  const twice = new Set(paths.filter((path, index) => paths.indexOf(path) !== index));
  return Array.from(twice, (value) => ({
    path: "--volume-claim",
    value,
    rule: "is mounted already",
    remedy: "give each claim a path of its own",
  }));
}

function oldVersion(options: KubernetesOptions): Problem[] {
  const version = versionOf(options);
  return version && version.minor < 20 ? [tooOld(options.kubernetesVersion!)] : [];
}

function tooOld(value: string): Problem {
  return {
    path: "Kubernetes",
    value,
    rule: "is too old",
    remedy: "workers need 1.20 or later",
  };
}
