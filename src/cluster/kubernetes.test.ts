import { type IJob, Job } from "kubernetes-models/batch/v1/Job";
import { type IPod, Pod } from "kubernetes-models/v1/Pod";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { jobName, type KubernetesSettings, kubernetesCheck, kubernetesJob } from "./kubernetes.ts";

const minimal: KubernetesSettings = {
  name: jobName("digits-jkhd", "0a1b2c3d"),
  run: "digits-jkhd",
  experiment: "/experiment/digits.ts",
  workerOptions: [],
  workers: 32,
  image: "registry.example/clade:1",
  secrets: ["clade"],
  claims: [],
  nodeLabels: {},
  tolerated: [],
  hopelessCodes: [2, 5],
};
const maximal: KubernetesSettings = {
  ...minimal,
  workerOptions: ["--patience", "1800"],
  namespace: "research",
  secrets: ["clade", "storage"],
  claims: [{ name: "checkpoints", path: "/shared" }],
  cpusPerWorker: "2500m",
  memoryPerWorker: "16Gi",
  gpusPerWorker: 1,
  nodeLabels: { "cloud.example/spot": "true" },
  tolerated: ["nvidia.com/gpu"],
  version: { major: 1, minor: 31 },
};

/** The model's types require literals where plain data has strings. */
const modelOf = (settings: KubernetesSettings) =>
  new Job(kubernetesJob(settings) as unknown as IJob);
const containerOf = (settings: KubernetesSettings) =>
  kubernetesJob(settings).spec.template.spec.containers[0];

/**
 * Names of fields in `Data` that `Api` does not have, at any depth: `never` if all of them are the
 * API's.
 */
type Unknown<Data, Api> = Data extends readonly (infer Item)[]
  ? Api extends readonly (infer Known)[]
    ? Unknown<Item, Known>
    : "a list"
  : Data extends object
    ? {
        [Name in keyof Data & string]-?: Name extends keyof Api
          ? Unknown<NonNullable<Data[Name]>, NonNullable<Api[Name]>>
          : string extends keyof Api
            ? never
            : Name;
      }[keyof Data & string]
    : never;

test("the manifest is what the API's types say, and has no field that they do not have", () => {
  modelOf(minimal).validate();
  modelOf(maximal).validate();
  expect(() => modelOf({ ...minimal, workers: "many" as unknown as number }).validate()).toThrow(
    /integer/,
  );
  const unknown: [Unknown<ReturnType<typeof kubernetesJob>, IJob>] extends [never] ? true : false =
    true;
  const misspelled: Unknown<
    { spec: { paralelism: 1; template: { spec: { containers: [{ nam: "" }] } } } },
    IJob
  >[] = ["paralelism", "nam"];
  expect([unknown, misspelled.length]).toEqual([true, 2]);
});

test("a Job is plain and parallel: its workers need no index, and it ends with the run", () => {
  const { spec } = kubernetesJob(minimal);
  expect(spec).toMatchObject({ parallelism: 32, backoffLimit: 1_000_000 });
  expect(Object.keys(spec)).toEqual(["parallelism", "backoffLimit", "template"]);
  expect(spec.template.spec).toMatchObject({
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 60,
  });
  expect(containerOf(minimal)).toMatchObject({
    command: ["clade"],
    args: ["worker", "digits-jkhd", "--experiment", "/experiment/digits.ts"],
  });
});

test("a path reaches the worker as it is, whatever the signs in it", () => {
  const experiment = '/it\'s $(HOME) $$ "a": {b}\n- c # d\\e.yaml';
  const [container] = parse(stringify(kubernetesJob({ ...minimal, experiment }))).spec.template
    .spec.containers;
  expect(container.args[3]).toBe('/it\'s $$(HOME) $$$$ "a": {b}\n- c # d\\e.yaml');
});

test("where the cluster knows, preemption is no failure, and a failed run ends the Job", () => {
  const policyAt = (minor: number, major = 1) =>
    kubernetesJob({ ...minimal, version: { major, minor } }).spec.podFailurePolicy;
  expect(policyAt(20)).toBeUndefined();
  expect(policyAt(25)).toBeUndefined();
  const ignored = {
    rules: [
      { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      {
        action: "FailJob",
        onExitCodes: { containerName: "worker", operator: "In", values: [2, 5] },
      },
    ],
  };
  expect(policyAt(26)).toEqual(ignored);
  expect(policyAt(0, 2)).toEqual(ignored);
  modelOf({ ...minimal, version: { major: 1, minor: 26 } }).validate();
});

test("a worker has no privileges, and writes into its own scratch space only", () => {
  const { spec } = kubernetesJob(minimal).spec.template;
  expect(spec.automountServiceAccountToken).toBe(false);
  expect(spec.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 1000,
    seccompProfile: { type: "RuntimeDefault" },
  });
  const { securityContext, volumeMounts, env, workingDir } = containerOf(minimal);
  expect(securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(["/tmp", "/dev/shm"]);
  expect(workingDir).toBe("/tmp");
  expect(env).toEqual([
    { name: "HOME", value: "/tmp" },
    { name: "CLADE_CACHE", value: "/tmp/clade-cache" },
  ]);
});

test("secrets are named, and volumes, GPUs, cores and nodes are as asked for", () => {
  const { envFrom, resources, volumeMounts, env } = containerOf(maximal);
  expect(envFrom).toEqual([{ secretRef: { name: "clade" } }, { secretRef: { name: "storage" } }]);
  const each = { cpu: "2500m", memory: "16Gi", "nvidia.com/gpu": "1" };
  expect(resources).toEqual({ requests: each, limits: each });
  expect(env).toContainEqual({ name: "OMP_NUM_THREADS", value: "3" });
  expect(volumeMounts).toContainEqual({ name: "claim-0", mountPath: "/shared" });
  const { volumes, nodeSelector, tolerations } = kubernetesJob(maximal).spec.template.spec;
  expect(volumes).toContainEqual({
    name: "claim-0",
    persistentVolumeClaim: { claimName: "checkpoints" },
  });
  expect(nodeSelector).toEqual({ "cloud.example/spot": "true" });
  expect(tolerations).toEqual([{ key: "nvidia.com/gpu", operator: "Exists" }]);
});

test("any run's name makes names and labels that Kubernetes takes", () => {
  const runs = ["digits-jkhd", "_A.b__C_", "...", "x".repeat(200), `-${"y.".repeat(99)}-`, "7"];
  for (const run of runs) {
    const name = jobName(run, "0a1b2c3d");
    // A pod's name is six characters longer.
    expect(name).toMatch(/^[a-z]([a-z0-9-]{0,55}[a-z0-9])?$/);
    const { metadata } = kubernetesJob({ ...minimal, run, name });
    expect(metadata.labels["clade/run"]).toMatch(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/);
    expect(metadata.annotations["clade/run"]).toBe(run);
  }
  expect(jobName("_A.b__C_", "0a1b2c3d")).toBe("clade-a-b-c-0a1b2c3d");
});

test("the pod that is tried first is as a worker of the Job, and trains one generation", () => {
  const { metadata, spec } = kubernetesCheck(maximal);
  new Pod(kubernetesCheck(maximal) as unknown as IPod).validate();
  expect(metadata).toMatchObject({ name: `${maximal.name}-check`, namespace: "research" });
  const [{ args, terminationMessagePolicy, ...container }] = spec.containers;
  const { args: words, ...worker } = containerOf(maximal);
  expect(args).toEqual([...words, "--check"]);
  expect(words).toEqual([...containerOf(minimal).args, "--patience", "1800"]);
  expect(terminationMessagePolicy).toBe("FallbackToLogsOnError");
  expect(container).toEqual(worker);
});
