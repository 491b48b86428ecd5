/**
 * The command line with a fake kubectl, which keeps its input in a directory and answers from
 * there. A real cluster is in kubernetes-cluster.test.ts.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import type { kubernetesJob } from "../../src/cluster/kubernetes.ts";
import { inLongRuns, isLong } from "../long.ts";
import { sharedPostgres } from "../servers/postgres-server.ts";
import { climb, Workplace } from "./command-line.ts";

type Manifest = ReturnType<typeof kubernetesJob>;

const server = await sharedPostgres();
const shared = mkdtempSync(join(tmpdir(), "clade-kubernetes-"));
afterAll(async () => {
  rmSync(shared, { recursive: true, force: true });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

/** Files `fails-*` hold its error messages. */
const kubectl = `#!/bin/sh
cd "$KUBECTL_PLACE"
echo "$@" >> words
if [ -e "fails-$1" ]; then cat "fails-$1" >&2; exit 1; fi
case "$1 $2" in
  version*) cat version ;;
  apply*)
    cat > given
    if grep -q "^kind: Pod" given; then mv given tried; else mv given manifest; fi
    echo '{"metadata":{"namespace":"research"}}' ;;
  "get pod") cat pod ;;
  "delete pod") rm tried ;;
  "get job") if [ -e manifest ]; then cat job; fi ;;
  "get pods") cat pods ;;
  delete*) if [ -e manifest ]; then rm manifest; echo job.batch/clade-applied; fi ;;
esac
`;

class Cluster {
  readonly directory = mkdtempSync(join(shared, "kubectl-"));
  readonly environment = {
    KUBECTL_PLACE: this.directory,
    PATH: `${join(this.directory, "bin")}:${process.env.PATH}`,
  };

  constructor(minor = "31") {
    mkdirSync(join(this.directory, "bin"));
    writeFileSync(join(this.directory, "bin", "kubectl"), kubectl, { mode: 0o755 });
    this.holds("version", { clientVersion: { minor: "9" }, serverVersion: { major: "1", minor } });
    this.holds("job", { status: { active: 2 } });
    this.holds("pods", { items: [] });
    this.holds("pod", { status: { phase: "Succeeded" } });
    this.says("words", "");
  }

  holds(name: string, value: unknown): void {
    this.says(name, JSON.stringify(value));
  }

  says(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  get words(): string {
    return readFileSync(join(this.directory, "words"), "utf8");
  }

  get manifest(): Manifest {
    return parse(readFileSync(join(this.directory, "manifest"), "utf8"));
  }

  get hasJob(): boolean {
    return existsSync(join(this.directory, "manifest"));
  }

  get hasPod(): boolean {
    return existsSync(join(this.directory, "tried"));
  }
}

async function newPlace(cluster: Cluster, store?: string): Promise<Workplace> {
  const place = new Workplace({
    CLADE_STORE: store ?? (await server!.newDatabase()),
    CLADE_CHECKPOINTS: join(shared, "checkpoints"),
    CLADE_CACHE: join(shared, "cache"),
    ...cluster.environment,
  });
  place.write("climb.mjs", climb());
  return place;
}

const required = ["--workers", "2", "--image", "clade:1", "--secret", "clade"];
const submit = (place: Workplace, ...more: string[]) =>
  place.ask("submit", "kubernetes", "climb.mjs", ...required, ...more);
const mounted = ["--volume-claim", `checkpoints:${shared}/`];
const status = async (place: Workplace) => (await place.ask("status")).stdout;
const list = async (place: Workplace) => (await place.ask("list")).stdout;
const secrets = () => [server!.password, encodeURIComponent(server!.password)];

test.skipIf(!server)(
  `a manifest is all that is printed, and its workers train the run${needs}`,
  async () => {
    const cluster = new Cluster();
    const store = await server!.newDatabase();
    using place = await newPlace(cluster, store);
    using pod = await newPlace(cluster, store);
    const file = ["--experiment-in-image", pod.path("climb.mjs"), "--node-label", "spot=yes"];
    const printed = await submit(place, ...mounted, ...file);
    expect(printed.code).toBe(0);
    const manifest = parse(printed.stdout) as Manifest;
    const { args, volumeMounts } = manifest.spec.template.spec.containers[0];
    // A bare yes is true for kubectl.
    expect(printed.stdout).toContain('spot: "yes"\n');
    expect(volumeMounts.at(-1)!.mountPath).toBe(shared);
    expect(manifest.spec.podFailurePolicy).toBeUndefined();
    expect(printed.stderr).toContain(
      `run ${args[1]} is there and waits for workers: apply this manifest`,
    );
    expect(cluster.words).toBe("");
    for (const secret of secrets()) expect(printed.stdout + printed.stderr).not.toContain(secret);
    expect(await pod.ask(...args, "--check")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        `run ${args[1]}: this machine can work on it: 5 steps to height`,
      ),
      stderr: "",
    });
    expect(await status(place)).toContain("0 finished");
    expect(await pod.ask(...args)).toMatchObject({ code: 0, stderr: "" });
    expect(await status(place)).toMatch(/: done .*\n.*4 finished, 0 failed/);
  },
);

test.skipIf(!server)(
  `a Job is applied, status shows its pods, and stop deletes it${needs}`,
  async () => {
    const cluster = new Cluster();
    using place = await newPlace(cluster);
    const applied = await submit(place, ...mounted, "--apply", "--namespace", "research");
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    expect(applied.stdout).toContain("submitted as job clade-climb-");
    const { metadata, spec } = cluster.manifest;
    expect(metadata).toMatchObject({ namespace: "research" });
    expect(spec.podFailurePolicy).toBeDefined();
    const { name } = metadata;
    expect(applied.stdout).toContain(`trying image clade:1 in pod ${name}-check\n`);
    expect(cluster.words).toContain(`delete pod ${name}-check --namespace=research `);
    expect(cluster.hasPod).toBe(false);
    expect(await status(place)).toContain(
      `kubernetes ${name}: pods: 2 active, 0 succeeded, 0 failed\n`,
    );
    cluster.holds("job", { status: { active: 3, failed: 2 } });
    const state = (state: object) => ({ status: { containerStatuses: [{ state }] } });
    const unplaced = { type: "PodScheduled", status: "False", reason: "Unschedulable" };
    cluster.holds("pods", {
      items: [
        state({ waiting: { reason: "ImagePullBackOff" } }),
        state({ waiting: { reason: "ImagePullBackOff" } }),
        state({ waiting: { reason: "ContainerCreating" } }),
        state({ terminated: { reason: "Error", exitCode: 130 } }),
        state({ terminated: { reason: "Error", exitCode: 2 } }),
        state({ terminated: { reason: "OOMKilled", exitCode: 137 } }),
        { status: { conditions: [unplaced] } },
      ],
    });
    expect(await status(place)).toContain(
      "3 active, 0 succeeded, 2 failed " +
        "(2 ImagePullBackOff, 1 exit code 2, 1 OOMKilled, 1 Unschedulable)\n",
    );
    cluster.says("fails-get", refused);
    expect(await status(place)).toContain(
      `kubernetes ${name}: unknown (kubectl: says: The connection to the server localhost:8080 ` +
        "was refused - did you specify the right host or port?)",
    );
    const stopped = await place.ask("stop");
    expect(stopped.stdout).toContain(`kubernetes ${name}: deleted`);
    expect(cluster.words).toContain(`delete job ${name} --namespace=research `);
    expect(cluster.hasJob).toBe(false);
    for (const secret of secrets()) expect(cluster.words).not.toContain(secret);
  },
);

test.skipIf(!server)(
  `a run that exists gets more workers, and a Job that is gone is said to be${needs}`,
  async () => {
    const cluster = new Cluster("27+");
    using place = await newPlace(cluster);
    await submit(place, ...mounted, "--apply");
    const first = cluster.manifest.metadata;
    const more = ["submit", "kubernetes", "--run", "climb", ...required, ...mounted, "--apply"];
    expect((await place.ask(...more)).code).toBe(0);
    const second = cluster.manifest;
    expect(second.metadata.name).not.toBe(first.name);
    expect(second.metadata.annotations).toEqual(first.annotations);
    expect(second.spec.template.spec.containers[0].args.at(-1)).toBe("/experiment/climb.mjs");
    cluster.holds("job", {
      status: { succeeded: 2, conditions: [{ type: "Complete", status: "True" }] },
    });
    expect(await status(place)).toContain("complete: pods: 0 active, 2 succeeded, 0 failed");
    await place.ask("stop");
    expect(await status(place)).toContain(`kubernetes ${first.name}: is not in this cluster`);
  },
);

/** As kubectl says it. */
const refused = `E1127 08:26:29.115835   30344 memcache.go:265] "Unhandled Error" \
err="couldn't get current server API group list"
The connection to the server localhost:8080 was refused - did you specify the right host or port?
`;

test.skipIf(!server)(
  `what the cluster rejects is one sentence, and leaves no run${needs}`,
  async () => {
    const cluster = new Cluster("20");
    using place = await newPlace(cluster);
    cluster.says("fails-apply", 'Error from server (NotFound): namespaces "nowhere" not found\n');
    const rejected = await submit(place, ...mounted, "--apply", "--namespace", "nowhere");
    expect(rejected.code).toBe(1);
    expect(rejected.stderr).toBe(
      "kubectl: the cluster rejects the pod that tries the image; it says: " +
        'Error from server (NotFound): namespaces "nowhere" not found\n',
    );
    expect(await list(place)).toContain("no runs");

    cluster.says("fails-version", refused);
    const unreachable = await submit(place, ...mounted, "--apply");
    expect(unreachable.code).toBe(1);
    expect(unreachable.stderr).toBe(
      "kubectl: cannot reach a cluster; it says: The connection to the server localhost:8080 " +
        "was refused - did you specify the right host or port?\n",
    );
    const old = new Cluster("19");
    using behind = await newPlace(old);
    expect(await submit(behind, ...mounted, "--apply")).toMatchObject({
      code: 2,
      stderr: "Kubernetes: 1.19 - is too old; workers need 1.20 or later.\n",
    });
    expect(await list(behind)).toContain("no runs");
  },
);

test.skipIf(!isLong || !server)(
  `what no pod could do is one sentence, and leaves no run, pod or Job${needs}${inLongRuns}`,
  async () => {
    const container = (state: object) => ({ containerStatuses: [{ state }] });
    const failed = (terminated: object) => ({ phase: "Failed", ...container({ terminated }) });
    const unplaced = (message: string) => ({
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
    });
    const notFound = 'exec: "clade": executable file not found in $PATH: unknown';
    const cases: [status: object, sentence: string][] = [
      [
        failed({ reason: "StartError", exitCode: 128, message: notFound }),
        `a pod of it cannot start (StartError: ${notFound}); ` +
          "it needs clade on its PATH, where templates/kubernetes/Dockerfile puts it",
      ],
      [
        failed({
          reason: "Error",
          exitCode: 1,
          message: "store postgres://clade@db/clade: cannot be reached\n",
        }),
        "a pod of it cannot work on the run: store postgres://clade@db/clade: cannot be reached",
      ],
      [
        { phase: "Failed", reason: "DeadlineExceeded" },
        "a pod of it cannot work on the run: DeadlineExceeded",
      ],
      [
        container({
          waiting: { reason: "CreateContainerConfigError", message: 'secret "clade" not found' },
        }),
        'a pod of it cannot start (CreateContainerConfigError: secret "clade" not found); ' +
          "make what is missing in the namespace of the job, or correct its name",
      ],
      [
        container({
          waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "clade:1"' },
        }),
        'a pod of it cannot start (ImagePullBackOff: Back-off pulling image "clade:1"); ' +
          "correct the name, push it, or let nodes pull it",
      ],
      [
        unplaced('persistentvolumeclaim "checkpoints" not found'),
        "a pod of it cannot start " +
          '(Unschedulable: persistentvolumeclaim "checkpoints" not found); ' +
          "make what is missing in the namespace of the job, or correct its name",
      ],
    ];
    const tried = cases.map(async ([status, sentence]) => {
      const cluster = new Cluster();
      using place = await newPlace(cluster);
      cluster.holds("pod", { status });
      const refused = await submit(place, ...mounted, "--apply");
      expect([refused.code, refused.stderr]).toEqual([1, `image clade:1: ${sentence}\n`]);
      expect([cluster.hasPod, cluster.hasJob]).toEqual([false, false]);
      expect(await list(place)).toContain("no runs");
    });
    await Promise.all(tried);

    const busy = new Cluster();
    using place = await newPlace(busy);
    busy.holds("pod", { status: unplaced("0/3 nodes are available") });
    const untried = await submit(place, ...mounted, "--apply");
    expect([untried.code, untried.stderr]).toEqual([
      0,
      "image clade:1: was not tried, because no node has room for a pod now " +
        "(0/3 nodes are available)\n",
    ]);
    expect([busy.hasPod, busy.hasJob]).toEqual([false, true]);
  },
);

test.skipIf(!server)(`an interrupted trial leaves nothing${needs}`, async () => {
  const cluster = new Cluster();
  using place = await newPlace(cluster);
  cluster.holds("pod", { status: { phase: "Pending" } });
  const submitting = place.start(
    "submit",
    "kubernetes",
    "climb.mjs",
    ...required,
    ...mounted,
    "--apply",
  );
  await expect.poll(() => cluster.words).toContain("get pod ");
  submitting.process.kill("SIGINT");
  expect(await submitting.finished).toMatchObject({
    code: 130,
    stderr: "interrupted: nothing was submitted\n",
  });
  expect([cluster.hasPod, cluster.hasJob]).toEqual([false, false]);
  expect(await list(place)).toContain("no runs");
});

test.skipIf(!server)(
  `checkpoints that no pod would see are refused before a run is there${needs}`,
  async () => {
    using place = await newPlace(new Cluster());
    const unseen = await submit(place, "--volume-claim", "checkpoints:/elsewhere");
    expect(unseen.code).toBe(2);
    expect(unseen.stderr).toContain(
      "/checkpoints - is a directory that no pod would see; give --checkpoints s3://",
    );
    expect(await list(place)).toContain("no runs");
  },
);

test("what cannot be submitted is one sentence", async () => {
  using place = new Workplace({ CLADE_STORE: "", PATH: join(shared, "nothing") });
  place.write("climb.mjs", climb());
  const file = await submit(place);
  expect(file.code).toBe(2);
  expect(file.stderr).toContain(
    "is a file, which jobs on several machines cannot share; give a postgres:// URL",
  );
  const alone = await submit(place, "--apply");
  expect(alone.code).toBe(1);
  expect(alone.stderr).toBe(
    "kubectl: is not installed on this machine; install it, or run this where it is\n",
  );
  const bad = await submit(place, "--namespace", "My Lab", "--memory-per-worker", "16GB");
  expect([bad.code, bad.stdout]).toEqual([2, ""]);
  expect(bad.stderr).toBe(
    "--namespace: My Lab - is not a namespace name; " +
      "use lower-case letters, digits and -, at most 63.\n" +
      "--memory-per-worker: 16GB - is not an amount of memory; write for example 16Gi.\n",
  );
  const missing = await place.ask(
    "submit",
    "kubernetes",
    "climb.mjs",
    "--workers",
    "2",
    "--secret",
    "clade",
  );
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain("required option '--image <name>'");
});
