import { expect, test } from "vitest";
import {
  claimsOf,
  type KubernetesOptions,
  requireMounted,
  requireUsable,
  versionOf,
} from "./kubernetes-options.ts";

const given: KubernetesOptions = {
  workers: 2,
  image: "registry.example:5000/clade:1",
  secret: ["clade"],
};

test("what Kubernetes takes is taken", () => {
  const taken: Partial<KubernetesOptions>[] = [
    {},
    { image: `clade@sha256:${"0".repeat(64)}` },
    { secret: ["clade", "storage.keys"] },
    { cpusPerWorker: "0.5", memoryPerWorker: "1.5Gi" },
    { cpusPerWorker: "500m", memoryPerWorker: "800M" },
    { volumeClaim: ["checkpoints:/shared", "data:/data/images/"] },
    {
      nodeLabel: ["cloud.google.com/gke-spot=true", "gpu="],
      tolerate: ["nvidia.com/gpu", "spot"],
    },
    { kubernetesVersion: "v1.31.2-gke.1" },
    { kubernetesVersion: "1.20" },
    { namespace: "research-2" },
  ];
  for (const options of taken) requireUsable({ ...given, ...options });
});

test("what Kubernetes would reject, or take and never start, is one sentence", () => {
  const cases: [Partial<KubernetesOptions>, string][] = [
    [
      { namespace: "My Lab" },
      "--namespace: My Lab - is not a namespace name; use lower-case letters",
    ],
    [
      { image: "" },
      "--image: nothing - is not an image name; write for example registry.example/clade:1",
    ],
    [{ secret: ["a", "PGPASSWORD=x"] }, "--secret: PGPASSWORD=x - is not the name of a Secret"],
    [{ cpusPerWorker: "0" }, "--cpus-per-worker: 0 - is not a number of cores"],
    [{ cpusPerWorker: "0.5m" }, "--cpus-per-worker: 0.5m - is not a number of cores"],
    [{ memoryPerWorker: "16GB" }, "--memory-per-worker: 16GB - is not an amount of memory"],
    [{ memoryPerWorker: "16m" }, "--memory-per-worker: 16m - is not an amount of memory"],
    [{ volumeClaim: ["shared"] }, "--volume-claim: shared - is not a claim and a path"],
    [{ volumeClaim: ["shared:/"] }, "--volume-claim: shared:/ - is not a claim and a path"],
    [{ volumeClaim: ["a:/tmp/"] }, "--volume-claim: /tmp - is mounted already"],
    [{ volumeClaim: ["a:/b", "c:/b"] }, "--volume-claim: /b - is mounted already"],
    [
      { experimentInImage: "climb.ts" },
      "--experiment-in-image: climb.ts - is not an absolute path",
    ],
    [{ nodeLabel: ["gpu"] }, "--node-label: gpu - is not a node label"],
    [
      { tolerate: ["spot=true:NoSchedule"] },
      "--tolerate: spot=true:NoSchedule - is not the key of a taint",
    ],
    [{ kubernetesVersion: "new" }, "--kubernetes-version: new - is not a version"],
    [{ kubernetesVersion: "1.19" }, "Kubernetes: 1.19 - is too old; workers need 1.20 or later"],
  ];
  for (const [options, sentence] of cases)
    expect(() => requireUsable({ ...given, ...options })).toThrow(sentence);
});

test("all mistakes are told at once", () => {
  expect(() =>
    requireUsable({ ...given, namespace: "-", cpusPerWorker: "many", tolerate: ["", "!"] }),
  ).toThrow(/^.+\n.+\n.+\n.+$/);
});

test("versions are read as people and clusters write them", () => {
  expect(versionOf({ ...given, kubernetesVersion: "v1.31.2-gke.1" })).toEqual({
    major: 1,
    minor: 31,
  });
  expect(versionOf({ ...given, kubernetesVersion: "1.20" })).toEqual({ major: 1, minor: 20 });
  expect(versionOf(given)).toBeUndefined();
});

test("checkpoints in a directory have to be in one that pods have", () => {
  const claims = claimsOf({ volumeClaim: ["checkpoints:/shared/../shared/clade/"] });
  expect(claims).toEqual([{ name: "checkpoints", path: "/shared/clade" }]);
  for (const seen of [
    "file:///shared/clade",
    "file:///shared/clade/a%20b",
    "s3://bucket/prefix",
    undefined,
  ])
    requireMounted(seen, claims);
  for (const unseen of [
    "file:///shared/clades",
    "file:///shared",
    "file:///home/me/.clade/checkpoints",
  ])
    expect(() => requireMounted(unseen, claims)).toThrow(
      `--checkpoints: ${unseen} - is a directory that no pod would see; ` +
        "give --checkpoints s3://bucket/prefix",
    );
});
