/**
 * A real Job in the cluster that kubectl reaches. CLADE_KUBERNETES=1 asks for it.
 * CLADE_KUBERNETES_IMAGE is made by templates/kubernetes/Dockerfile of what `clade init` writes.
 * CLADE_STORE (PostgreSQL) and CLADE_CHECKPOINTS are reached from here and from pods, with what
 * PG* and AWS_* variables say; CLADE_KUBERNETES_CLAIM may be a claim and its path for checkpoints
 * in a directory.
 */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workplace } from "./command-line.ts";

const { CLADE_KUBERNETES, CLADE_KUBERNETES_IMAGE, CLADE_KUBERNETES_CLAIM } = process.env;
const missing = ["CLADE_KUBERNETES_IMAGE", "CLADE_STORE", "CLADE_CHECKPOINTS"].filter(
  (name) => !process.env[name],
);
const why =
  CLADE_KUBERNETES !== "1"
    ? "CLADE_KUBERNETES=1 is not set"
    : missing.length > 0
      ? `needs ${missing.join(", ")}`
      : undefined;
const needs = why === undefined ? "" : ` (${why})`;

const secret = `clade-test-${process.pid}`;
const given = (pattern: RegExp) =>
  Object.entries(process.env).filter(([name]) => pattern.test(name)) as [string, string][];
const inPods = given(/^(CLADE_STORE$|PG|AWS_)/);

function kubectl(...words: string[]): string {
  return execFileSync("kubectl", words, { encoding: "utf8" });
}

beforeAll(() => {
  if (why !== undefined) return;
  const input = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secret },
    stringData: Object.fromEntries(inPods),
  });
  execFileSync("kubectl", ["apply", "--filename=-"], { input });
});
afterAll(() => {
  if (why === undefined) kubectl("delete", "secret", secret);
});

async function newPlace(): Promise<Workplace> {
  const mine = given(/^(HOME|KUBECONFIG|CLADE_CHECKPOINTS)$/);
  const place = new Workplace(Object.fromEntries([...inPods, ...mine]));
  expect((await place.ask("init")).code).toBe(0);
  return place;
}

/** Resolves the run and the Job. */
async function submitted(
  place: Workplace,
  stepsPerMember: number,
): Promise<{ run: string; job: string }> {
  const claim = CLADE_KUBERNETES_CLAIM ? ["--volume-claim", CLADE_KUBERNETES_CLAIM] : [];
  const words = [
    "--workers",
    "3",
    "--image",
    CLADE_KUBERNETES_IMAGE!,
    "--secret",
    secret,
    ...claim,
  ];
  const more = ["--apply", "--set", `budget.stepsPerModel=${stepsPerMember}`];
  const { stdout, stderr } = await place.clade(
    "submit",
    "kubernetes",
    "experiment.ts",
    ...words,
    ...more,
  );
  expect(stderr).toBe("");
  return {
    job: /submitted as job (\S+)/.exec(stdout)![1]!,
    run: /run (\S+): look/.exec(stdout)![1]!,
  };
}

const status = async (place: Workplace, run: string) =>
  JSON.parse((await place.ask("status", run, "--json")).stdout);
const podsOf = (job: string) =>
  kubectl(
    "get",
    "pods",
    `--selector=job-name=${job}`,
    "--field-selector=status.phase=Running",
    "--output=name",
  )
    .split("\n")
    .filter(Boolean);

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  await expect.poll(condition, { timeout: 110_000, interval: 500, message: what }).toBe(true);
}

test.skipIf(why !== undefined)(
  `a Job trains a run to its end, and is complete${needs}`,
  async () => {
    using place = await newPlace();
    const { run, job } = await submitted(place, 2000);
    await until("the run is done", async () => (await status(place, run)).state.kind === "done");
    await until("the Job is complete", async () =>
      (await status(place, run)).jobs[0].startsWith(`kubernetes ${job}: complete: pods: 0 active`),
    );
    expect((await status(place, run)).failures).toBe(0);
    await place.ask("stop", run);
  },
);

test.skipIf(why !== undefined)(
  `a pod that is deleted gives its member back and is replaced, and stop ends all${needs}`,
  async () => {
    using place = await newPlace();
    const { run, job } = await submitted(place, 50_000_000);
    await until("workers train", async () => (await status(place, run)).workers.length === 3);
    const [first] = podsOf(job);
    kubectl("delete", first!, "--wait=false");
    await until("another pod works", async () => {
      const { workers } = await status(place, run);
      return workers.length === 3 && podsOf(job).length === 3 && !podsOf(job).includes(first!);
    });
    expect((await place.ask("stop", run)).stdout).toContain(`kubernetes ${job}: deleted`);
    await until("no pod is left", () => podsOf(job).length === 0);
    const after = await status(place, run);
    expect([after.workers, after.failures]).toEqual([[], 0]);
  },
);
