/** Real job arrays on a cluster of Slurm that this file starts. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { inLongRuns, isLong } from "../long.ts";
import { sharedPostgres } from "../servers/postgres-server.ts";
import { noSlurm, startSlurm } from "../servers/slurm-cluster.ts";
import { climb, Workplace } from "./command-line.ts";

const why = noSlurm();
const server = why === undefined ? await sharedPostgres() : undefined;
const missing =
  why ?? (server ? undefined : "needs PostgreSQL, and there is none for this machine");
const cluster = missing === undefined ? await startSlurm(2) : undefined;
const shared = mkdtempSync(join(tmpdir(), "clade-slurm-checkpoints-"));
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(shared, { recursive: true, force: true });
});
afterEach(() => {
  cluster?.slurm("scancel", "--user=root");
});
const needs = missing === undefined ? "" : ` (${missing})`;

async function newPlace(): Promise<Workplace> {
  return new Workplace({
    CLADE_STORE: await server!.newDatabase(),
    CLADE_CHECKPOINTS: join(shared, "checkpoints"),
    CLADE_CACHE: join(shared, "cache"),
    ...cluster!.environment,
  });
}

/** A generation takes a second, a member takes ten. */
const slow = (more = {}) => climb({ stepMs: 200, declaration: "population: 4,", ...more });

const queue = () => cluster!.slurm("squeue", "--noheader", "--array", "--format=%i %T %j").trim();

const status = async (place: Workplace) =>
  JSON.parse((await place.ask("status", "--json")).stdout);

/** Waits for a condition that takes as long as the cluster needs. */
async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  await expect.poll(condition, { timeout: 90_000, interval: 1000, message: what }).toBe(true);
}

const isTraining = (place: Workplace, workers: number) =>
  until("workers train", async () => {
    const { workers: at, totalSteps } = await status(place);
    return at.length >= workers && totalSteps > 0;
  });

async function ends(place: Workplace): Promise<void> {
  await until("the run is done", async () => (await status(place)).state.kind === "done");
  await until("nothing is left in the queue", () => queue() === "");
  const { failures, totalSteps } = await status(place);
  expect([failures, totalSteps]).toEqual([0, 200]);
}

function logs(place: Workplace): string {
  const directory = place.path(".clade", "logs");
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), "utf8"))
    .join("\n");
}

test.skipIf(!cluster)(
  `a job array trains a run to its end, and shows no password anywhere${needs}`,
  async () => {
    using place = await newPlace();
    place.write("climb.mjs", climb({ stepMs: 20 }));
    const submitted = await place.ask(
      "submit",
      "slurm",
      "climb.mjs",
      "--array",
      "3",
      "--time",
      "10:00",
      "--patience",
      "30m",
      "--",
      "--nice=5",
    );
    expect(submitted.code).toBe(0);
    expect(submitted.stdout).toContain("#SBATCH --array=1-3");
    expect(submitted.stdout).toContain("#SBATCH --nice=5");
    expect(submitted.stdout).toMatch(/ worker climb-\w{4} --patience 1800 &/);
    const id = /submitted as job (\d+)/.exec(submitted.stdout)![1]!;
    const shown =
      cluster!.slurm("scontrol", "show", "job", id) +
      cluster!.slurm("scontrol", "write", "batch_script", id, "-");
    await ends(place);
    const after = await place.ask("status");
    expect(after.stdout).toContain(`jobs:    slurm ${id}: has ended`);
    for (const text of [submitted.stdout, submitted.stderr, shown, after.stdout, logs(place)])
      for (const secret of [server!.password, encodeURIComponent(server!.password)])
        expect(text).not.toContain(secret);
  },
);

test.skipIf(!cluster || !isLong)(
  `status shows the tasks beside the members, and stop ends them for good${inLongRuns}${needs}`,
  async () => {
    using place = await newPlace();
    place.write("climb.mjs", slow());
    await place.ask("submit", "slurm", "climb.mjs", "--array", "6");
    await isTraining(place, 3);
    const shown = await place.ask("status");
    expect(shown.stdout).toMatch(/jobs: +slurm \d+: .*4 running/);
    const stopped = await place.ask("stop");
    expect(stopped.stdout).toContain("stopped; its workers drop the generation in progress");
    await until("nothing is left in the queue", () => queue() === "");
    expect((await status(place)).workers).toEqual([]);
    const again = await place.ask(
      "submit",
      "slurm",
      "--run",
      (await status(place)).run,
      "--array",
      "4",
    );
    expect(again.code).toBe(0);
    await ends(place);
  },
);

test.skipIf(!cluster || !isLong)(
  `workers that are preempted give their members back, and come back${inLongRuns}${needs}`,
  async () => {
    using place = await newPlace();
    place.write("climb.mjs", slow());
    await place.ask("submit", "slurm", "climb.mjs", "--array", "4");
    await isTraining(place, 4);
    cluster!.slurm(
      "sbatch",
      "--partition=urgent",
      "--nodes=2",
      "--exclusive",
      "--output=/dev/null",
      "--wrap=sleep 4",
    );
    await until(
      "the members are given back",
      async () => (await status(place)).workers.length === 0,
    );
    await ends(place);
  },
);

test.skipIf(!cluster || !isLong)(
  `a node that goes down takes no member with it${inLongRuns}${needs}`,
  async () => {
    using place = await newPlace();
    place.write("climb.mjs", slow());
    await place.ask("submit", "slurm", "climb.mjs", "--array", "4");
    await isTraining(place, 4);
    cluster!.slurm("scontrol", "update", "nodename=node0", "state=down", "reason=test");
    await until(
      "its members are given back",
      async () => (await status(place)).workers.length <= 2,
    );
    cluster!.slurm("scontrol", "update", "nodename=node0", "state=resume");
    await ends(place);
  },
);

test.skipIf(!cluster || !isLong)(
  `ahead of the time limit a worker gives its member back and is requeued${inLongRuns}${needs}`,
  async () => {
    using place = await newPlace();
    place.write("climb.mjs", climb({ stepMs: 400, declaration: "population: 4," }));
    await place.ask(
      "submit",
      "slurm",
      "climb.mjs",
      "--array",
      "4",
      "--",
      "--time=1",
      "--signal=B:USR2@50",
    );
    await isTraining(place, 4);
    await ends(place);
    expect(logs(place)).toContain("the time limit is near: requeued");
  },
);

test.skipIf(!cluster)(
  `what the cluster rejects is one sentence, and leaves no run${needs}`,
  async () => {
    using place = await newPlace();
    place.write("climb.mjs", slow());
    const refused = await place.ask(
      "submit",
      "slurm",
      "climb.mjs",
      "--array",
      "4",
      "--partition",
      "nowhere",
    );
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("sbatch: the cluster rejects the job; it says: ");
    expect(refused.stderr).toContain("invalid partition");
    expect((await place.ask("list")).stdout).toContain("no runs");
    const printed = await place.ask("submit", "slurm", "climb.mjs", "--array", "4", "--print");
    expect(printed.stdout).toContain("#SBATCH --array=1-4");
    expect((await place.ask("list")).stdout).toContain("no runs");
    expect(queue()).toBe("");
  },
);

test("what cannot be submitted is one sentence", async () => {
  using place = new Workplace({ CLADE_STORE: "", PATH: join(shared, "nothing") });
  place.write("climb.mjs", slow());
  const cases = [
    [
      ["--array", "4"],
      "is a file, which jobs on several machines cannot share; give a postgres:// URL",
    ],
    [["--array", "0"], "--array must be a whole number of at least 1"],
    [["--array", "4", "--time", "soon"], "--time: soon - is not a time that Slurm accepts"],
    [[], "required option '--array <n>'"],
  ] as const;
  for (const [words, sentence] of cases) {
    const refused = await place.ask("submit", "slurm", "climb.mjs", ...words);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(sentence);
  }
});
