/** Real job arrays on a cluster of Slurm that this file starts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { startPostgres } from "../servers/postgres-server.ts";
import { noSlurm, startSlurm } from "../servers/slurm-cluster.ts";
import { ClusterRun, until } from "./cluster-run.ts";
import { climb, Workplace } from "./command-line.ts";
import { textsBelow, watchProcesses } from "./what-can-be-read.ts";

const why = noSlurm();
const server = why === undefined ? await startPostgres() : undefined;
const missing = why ?? (server ? undefined : "needs PostgreSQL, and there is none for this machine");
const cluster = missing === undefined ? await startSlurm(2) : undefined;
const shared = mkdtempSync(join(tmpdir(), "clade-slurm-checkpoints-"));
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  rmSync(shared, { recursive: true, force: true });
});
afterEach(() => {
  cluster?.slurm("scancel", "--user=root");
});
const needs = missing === undefined ? "" : ` (${missing})`;

async function newRun(): Promise<ClusterRun> {
  const store = await server!.newDatabase();
  const places = { CLADE_CHECKPOINTS: join(shared, "checkpoints"), CLADE_CACHE: join(shared, "cache") };
  return await ClusterRun.open(
    store,
    new Workplace({ CLADE_STORE: store, ...places, ...cluster!.environment }),
  );
}

/** The tasks that Slurm knows, as "4 RUNNING", by their numbers in the array. */
const queue = () =>
  cluster!
    .slurm("squeue", "--noheader", "--array", "--sort=K", "--format=%K %T")
    .trim()
    .split("\n")
    .filter(Boolean);

async function ends(run: ClusterRun): Promise<void> {
  await run.end();
  await until("nothing is left in the queue", () => queue().length === 0);
}

test.skipIf(!cluster)(
  `a job array trains a run to its end, each worker with a GPU, and no password can be read${needs}`,
  async () => {
    await using run = await newRun();
    const says = "console.log(`cuda=${process.env.CUDA_VISIBLE_DEVICES} omp=${process.env.OMP_NUM_THREADS}`)";
    run.write({ trainer: `constructor() { ${says}; }` });
    const seen = watchProcesses();
    const resources = ["--gpus-per-worker", "1", "--cpus-per-worker", "1", "--memory-per-worker", "100M"];
    // More tasks than there is room for: the last ones need not begin.
    const id = await run.submit("--array", "6", ...resources, "--time", "1:00:00", "--", "--nice", "5");
    await run.isTraining(4);
    const shown =
      cluster!.slurm("scontrol", "show", "job", id) +
      cluster!.slurm("scontrol", "write", "batch_script", id, "-");
    expect(shown).toContain("#SBATCH --nice 5");
    expect(shown).toContain("TimeLimit=01:00:00");
    await ends(run);
    const { stdout } = await run.place.clade("status");
    expect(stdout).toContain(`jobs:    slurm ${id}: has ended`);
    expect(run.log(1) + run.log(2)).toMatch(/cuda=0 omp=1[^]*cuda=1|cuda=1 omp=1[^]*cuda=0/);
    expect(run.logs()).toHaveLength(4);
    const processes = seen();
    expect(processes).toContain("worker");
    for (const text of [shown, stdout, run.printed, processes, ...textsBelow(run.place.directory)])
      for (const secret of [server!.password, encodeURIComponent(server!.password)])
        expect(text.includes(secret)).toBe(false);
  },
);

test.skipIf(!cluster)(
  `status shows the tasks beside the members, and stop ends them for good, and them alone${needs}`,
  async () => {
    await using run = await newRun();
    run.write();
    const id = await run.submit("--array", "6");
    await run.isTraining(4);
    // The controller crashed, say, and another job got the id of one that was submitted for this run.
    const foreign = cluster!
      .slurm("sbatch", "--parsable", "--hold", "--output=/dev/null", "--wrap=true")
      .trim();
    await run.store.note(run.id, { kind: "job", scheduler: "slurm", id: foreign, submittedAt: Date.now() });
    const shown = await run.place.clade("status");
    expect(shown.stdout).toMatch(/jobs: +slurm \d+: (4 running, 2 pending|2 pending, 4 running)/);
    expect(shown.stdout).toContain(`slurm ${foreign}: has ended`);
    const stopped = await run.place.clade("stop");
    expect(stopped.stdout).toContain("stopped; its workers drop the generation in progress");
    expect(stopped.stdout).toContain(`slurm ${id}: 6 tasks ended`);
    await until("nothing else is left in the queue", () => queue().length === 1);
    cluster!.slurm("scancel", foreign);
    expect(await run.workers()).toEqual([]);

    const printed = await run.place.clade(
      "submit",
      "slurm",
      "--run",
      run.id,
      "--array",
      "4",
      "--print",
      "--",
      "-x",
      "node9",
    );
    expect(printed.stdout).toContain(`#SBATCH --job-name=${run.id}\n`);
    expect(printed.stdout).toContain("#SBATCH -x node9\n");
    expect((await run.store.run(run.id)).state.kind).toBe("stopped");
    expect((await run.place.clade("submit", "slurm", "--run", run.id, "--array", "4")).code).toBe(0);
    await ends(run);
  },
);

test.skipIf(!cluster)(
  `ahead of the time limit a worker gives its member back and is requeued${needs}`,
  async () => {
    await using run = await newRun();
    run.write();
    // Slurm counts in minutes, and looks every half minute.
    await run.submit("--array", "2", "--", "--time=1", "--signal=B:USR2@50");
    await run.isTraining(2);
    await until(
      "both begin again",
      () => run.logs().filter((log) => log.split("working on").length > 2).length === 2,
    );
    await ends(run);
    for (const log of run.logs()) expect(log).toContain("the time limit is near: requeued");
  },
);

test.skipIf(!cluster)(
  `a task is requeued without the others of its array, and not when it is cancelled${needs}`,
  async () => {
    await using run = await newRun();
    run.write();
    const id = await run.submit("--array", "4");
    await run.isTraining(4);
    // The last one has the id of the whole array.
    cluster!.slurm("scancel", "--signal=USR2", "--batch", `${id}_4`);
    await until(
      "it is requeued",
      () => queue().includes("4 PENDING") || run.log(4).split("working on").length > 2,
    );
    expect(queue()).toEqual(expect.arrayContaining(["1 RUNNING", "2 RUNNING", "3 RUNNING"]));
    cluster!.slurm("scancel", "--signal=USR2", "--batch", `${id}_3`);
    cluster!.slurm("scancel", `${id}_3`);
    await until("it is gone", () => !queue().some((task) => task.startsWith("3")));
    await until("the other is back", () => queue().includes("4 RUNNING"));
    await run.isTraining(3);
    expect(queue()).toEqual(["1 RUNNING", "2 RUNNING", "4 RUNNING"]);
    await ends(run);
    expect([1, 2].map((task) => run.log(task).split("working on").length)).toEqual([2, 2]);
  },
);

test.skipIf(!cluster)(
  `workers that are preempted give their members back, and come back${needs}`,
  async () => {
    await using run = await newRun();
    run.write();
    await run.submit("--array", "4");
    await run.isTraining(4);
    const urgent = ["--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 3"];
    cluster!.slurm("sbatch", ...urgent);
    await until("the members are given back", async () => (await run.workers()).length === 0);
    await run.isTraining(4);
    await ends(run);
  },
);

test.skipIf(!cluster)(
  `a node that is drained keeps its workers, and one that goes down takes no member with it${needs}`,
  async () => {
    await using run = await newRun();
    run.write();
    await run.submit("--array", "4");
    await run.isTraining(4);
    cluster!.slurm("scontrol", "update", "nodename=node0", "state=drain", "reason=test");
    const before = await run.workers();
    await run.trainsOn();
    expect(await run.workers()).toEqual(before);
    cluster!.slurm("scontrol", "update", "nodename=node0", "state=down", "reason=test");
    await until("its members are given back", async () => (await run.workers()).length <= 2);
    cluster!.slurm("scontrol", "update", "nodename=node0", "state=resume");
    await run.isTraining(4);
    await ends(run);
  },
);

test.skipIf(!cluster)(
  `of a node that is lost the workers run beside their second copies, and every generation counts once${needs}`,
  async () => {
    await using run = await newRun();
    run.write();
    await run.submit("--array", "2", "--", "--nodelist=node0");
    await run.isTraining(2);
    const lost = await run.workers();
    cluster!.killNode(0);
    // The tasks may go elsewhere once Slurm takes the node for dead.
    await until("they are requeued", () => queue().every((task) => task.endsWith("PENDING")));
    for (const task of [1, 2]) cluster!.slurm("scontrol", "update", `jobid=${run.job}_${task}`, "nodelist=");
    await until("both copies train", async () => (await run.workers()).length === 4);
    expect(await run.workers()).toEqual(expect.arrayContaining(lost));
    await ends(run);
    cluster!.startNode(0);
  },
);

test.skipIf(!cluster)(`what the cluster rejects is one sentence, and leaves nothing${needs}`, async () => {
  await using run = await newRun();
  run.write();
  const words = ["submit", "slurm", "climb.ts", "--array", "4"];
  const refused = await run.place.clade(...words, "--partition", "nowhere");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    "sbatch: the cluster rejects the job; it says: invalid partition specified: nowhere",
  );
  const lost = await run.place.clade(...words, "--", "--export=NONE");
  expect(lost.code).toBe(2);
  expect(lost.stderr).toContain(
    "--export: NONE - keeps CLADE_STORE, CLADE_CHECKPOINTS, CLADE_CACHE from the jobs",
  );
  const printed = await run.place.clade(...words, "--print");
  expect(printed.stdout).toContain("#SBATCH --array=1-4\n");
  expect(await run.store.runs()).toEqual([]);
  expect(run.logs()).toEqual([]);
  expect(queue()).toEqual([]);
});

test.skipIf(!server)(`without Slurm nothing is created${needs}`, async () => {
  await using run = await newRun();
  run.write();
  using elsewhere = new Workplace({ CLADE_STORE: run.url, PATH: join(shared, "nothing") });
  elsewhere.write("climb.ts", run.place.read("climb.ts"));
  const refused = await elsewhere.clade("submit", "slurm", "climb.ts", "--array", "4");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("sbatch: is not on this machine; run this where Slurm's commands are");
  expect(await run.store.runs()).toEqual([]);
});

test("what cannot be submitted is one sentence", async () => {
  using place = new Workplace({ CLADE_STORE: "" });
  place.write("climb.ts", climb());
  const cases = [
    [["--array", "4"], "is a file, which jobs on several machines cannot share; give a postgres:// URL"],
    [["--array", "0"], "--array must be a whole number of at least 1"],
    [["--array", "4", "--time", "soon"], "--time: soon - is no time that Slurm reads"],
    [["--array", "4", "--time", "4:59"], "--time: 4:59 - leaves a worker no time to train"],
    [["--array", "4", "--run", "climb"], "experiment: climb.ts - says nothing beside --run"],
    [["--array", "4", "more"], "experiment: more - is one argument too many"],
    [["--array", "4", "--", "-J", "mine"], "--: -J - is how Clade knows its jobs"],
    [[], "required option '--array <n>'"],
  ] as const;
  const refused = await Promise.all(
    cases.map(
      async ([words, sentence]) =>
        [await place.clade("submit", "slurm", "climb.ts", ...words), sentence] as const,
    ),
  );
  for (const [{ code, stderr }, sentence] of refused) {
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  }
});
