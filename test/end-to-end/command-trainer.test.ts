/**
 * Trainers in other processes, run through the command line: what a person sees, and what is left
 * when processes are killed.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inLongRuns, isLong, some } from "../long.ts";
import { Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
  cpSync(
    fileURLToPath(new URL("../fixtures/climber.mjs", import.meta.url)),
    place.path("climber.mjs"),
  );
});
afterEach(() => place[Symbol.dispose]());

/** Four climbers, of which some misbehave. */
function experiment({ misbehaviour = "", steps = 50, more = "" } = {}): string {
  return `
name: climb
population: 4
hyperparameters:
  rate: { logUniform: [0.01, 1] }
objective: { maximize: height }
ready: { everySteps: 5 }
exploit: { truncationSelection: { fraction: 0.25 } }
budget: { stepsPerMember: ${steps} }
trainer:
  command: "node climber.mjs '${misbehaviour}'"
  environment: { STARTS: ${place.path("starts")}, CHILDREN: ${place.path("children")} }
  stepTimeoutSeconds: ${misbehaviour.includes("hang") ? 10 : 60}
${more}
`;
}

test("one process a worker trains the whole population", async () => {
  place.write("climb.yaml", experiment());
  const run = await place.ask("run", "climb.yaml", "--json", "--workers", "2");
  expect(run).toMatchObject({ code: 0 });
  expect(Workplace.result(run)).toMatchObject({
    totalSteps: 200,
    failures: 0,
    copies: expect.any(Number),
  });
  // One more tested the experiment before the run began.
  expect(place.read("starts").trim().split("\n").length).toBeLessThanOrEqual(3);
  expect(place.alive("starts")).toEqual([]);
});

test("a command that does not work ends before a run begins, with what it printed", async () => {
  place.write("climb.yaml", experiment().replace("node climber.mjs", "node climbr.mjs"));
  const run = await place.ask("run", "climb.yaml");
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("ended with exit code 1 during initialize");
  expect(run.stderr).toMatch(/Cannot find module '.*climbr.mjs'/);
  expect(existsSync(place.path(".clade"))).toBe(false);
});

test.each(
  some(
    [
      ["restore: forget weights", "after restore, evaluate() gave 0, before save it gave"],
      ["evaluate: a string", 'metrics.height: "0.5" - must be a number'],
    ],
    [
      ["restore: old hyperparameters", "has rate = 0.25 in force after restore, but was told"],
      [
        "restore: another checkpoint",
        "loaded checkpoint e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      ],
      ["save: nothing", "in save wrote no file"],
    ],
  ),
)("check names the rule that is broken by %s", async (misbehaviour, message) => {
  place.write("climb.yaml", experiment({ misbehaviour }));
  const { code, stdout } = await place.ask("check", "climb.yaml");
  expect(code).toBe(2);
  expect(stdout.split("\n").filter((line) => line.startsWith("BAD"))).toEqual([
    expect.stringContaining(message),
  ]);
  expect(place.alive("starts")).toEqual([]);
});

test("check says that a trainer is as it should be", async () => {
  place.write("climb.yaml", experiment());
  const { code, stdout } = await place.ask("check", "climb.yaml");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /restore\(\) in another trainer gives height [\d.]+ again; fresh weights had 0/,
  );
  expect(stdout).toContain(
    "read back from where it acts, before the first step and after the last",
  );
});

// A process of each run does it once, in its second call of that kind. The first call is the trial
// before the run.
test.each(
  some(
    ["train: exit", "save: half a file", "train: children that stay"],
    [
      "train: garbage",
      "restore: old hyperparameters",
      "train: die",
      "train: hang",
      "train: flood without lines",
      "evaluate: answer twice",
      "evaluate: a string",
      "save: nothing",
      "save: hang and write on",
      "save: remove the directory",
      "save: a directory that is read-only",
      "evaluate: a metric called samples",
    ],
  ),
)("a trainer that does %s once costs a generation, and the run goes on", async (misbehaviour) => {
  place.write("climb.yaml", experiment({ misbehaviour: `${misbehaviour}: once` }));
  const run = await place.ask("run", "climb.yaml", "--json", "--workers", "1");
  expect(run).toMatchObject({ code: 0 });
  const misbehaved = misbehaviour !== "train: children that stay";
  expect(Workplace.result(run)).toMatchObject({
    totalSteps: 200,
    failedMembers: 0,
    failures: misbehaved ? 1 : 0,
  });
  await expect.poll(() => place.alive("starts", "children")).toEqual([]);
});

test("a member that keeps failing is rescued twice and given up; others finish", async () => {
  place.write("climb.yaml", experiment({ misbehaviour: "train: exit: member 2" }));
  const run = await place.ask("run", "climb.yaml", "--json", "--patience", "0");
  expect(run.code).toBe(3);
  expect(Workplace.events(run.stdout).at(-1)).toMatchObject({
    totalSteps: 150,
    givenUp: [2],
    failures: 6,
  });
  const shown = (await place.ask("show", "--member", "2")).stdout;
  expect(shown).toContain("rescued");
  expect(shown).toMatch(/member 2: "node climber.mjs .*" ended with exit code 3 during train/);
  expect(shown).toMatch(/Its last lines \(.*member-2.log\):\n {4}the climber is here/);
});

test("when all processes of a run are killed no trainer or child of one stays", async () => {
  place.write(
    "climb.yaml",
    experiment({ misbehaviour: "train: children that stay", steps: 1_000_000 }),
  );
  const run = place.start("run", "climb.yaml", "--workers", "2");
  await expect.poll(() => place.alive("children").length).toBeGreaterThan(3);
  const [worker] = (await place.ask("status", "--json")).stdout.match(/(?<=:)\d+(?=:\w+")/g) ?? [];
  for (const pid of [run.process.pid!, Number(worker)]) process.kill(pid, "SIGKILL");
  await expect.poll(() => place.alive("starts", "children")).toEqual([]);
});

test("Ctrl-C ends trainers with their workers, and resume goes on", async () => {
  place.write("climb.yaml", experiment({ steps: 100_000 }));
  const run = place.start("run", "climb.yaml");
  await expect.poll(() => place.alive("starts").length).toBeGreaterThan(0);
  await expect
    .poll(async () => (await place.ask("status")).stdout)
    .toMatch(/[1-9]\d* copies|best/);
  run.process.kill("SIGINT");
  expect(await run.finished).toMatchObject({ code: 130 });
  expect(place.alive("starts")).toEqual([]);
  const resumed = await place.ask("resume", "--set", "budget.stepsPerMember=20", "--json");
  expect(resumed).toMatchObject({ code: 0 });
});

test("the trainer's hash finds damage, and the member goes on from what is older", async () => {
  place.write("climb.yaml", experiment({ misbehaviour: "save: a large file" }));
  const run = await place.ask("run", "climb.yaml", "--json", "--set", "exploit=noExploit");
  const { run: id } = Workplace.result(run) as { run: string };
  const files = place.path(".clade", "checkpoints", id, "files");
  const [path] = readdirSync(files)
    .map((name) => `${files}/${name}`)
    .filter((file) => statSync(file).size === 200_000)
    .toSorted((a, b) => statSync(b).ctimeMs - statSync(a).ctimeMs) as [string];
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[100_000]! ^= 1;
  writeFileSync(path, bytes);
  // Damaged silently, as by a disk.
  utimesSync(path, atime, mtime);
  const resumed = await place.ask("resume", "--set", "budget.stepsPerMember=80", "--json");
  expect(Workplace.result(resumed)).toMatchObject({ totalSteps: 320, failures: 0 });
  expect((await place.ask("show")).stdout).toMatch(
    /recovered from snapshot .* because checkpoint/,
  );
});

test("each worker's command sees the GPU of its worker, and its share of the cores", async () => {
  const command =
    "echo GPU $CUDA_VISIBLE_DEVICES, threads $OMP_NUM_THREADS >&2; exec node climber.mjs";
  place.write("climb.yaml", experiment().replace("node climber.mjs ''", command));
  const gpus = ["--gpus", "6,7", "--members-per-gpu", "2", "--set", "budget.stepsPerMember=200"];
  expect(await place.ask("run", "climb.yaml", ...gpus)).toMatchObject({ code: 0 });
  const logs = readdirSync(place.path(".clade", "logs"), { recursive: true, encoding: "utf8" });
  const printed = logs
    .filter((name) => name.includes("member-"))
    .flatMap((name) => place.read(`.clade/logs/${name}`).match(/GPU \d, threads \d+/g) ?? []);
  expect(new Set(printed.map((line) => line.slice(0, 5)))).toEqual(new Set(["GPU 6", "GPU 7"]));
});

const hasShellTools = ["sed", "awk", "sha256sum"].every(
  (tool) => spawnSync(tool, ["--version"]).error === undefined,
);

test.runIf(isLong && hasShellTools)(
  `a trainer in the shell keeps the whole contract (needs sed, awk and sha256sum)${inLongRuns}`,
  async () => {
    const example = fileURLToPath(
      new URL("../../examples/other-languages/descent.yaml", import.meta.url),
    );
    const checked = await place.ask("check", example);
    expect(checked.stdout).toMatch(
      /note trainer: rate: repeats the value it was told, without reading it back/,
    );
    expect(checked.code).toBe(0);
    const run = await place.ask("run", example, "--json", "--set", "budget.stepsPerMember=40");
    expect(Workplace.result(run)).toMatchObject({ totalSteps: 320, failures: 0 });
  },
);

test.skipIf(!isLong)(
  `a worker that a signal to it alone asks to leave is replaced${inLongRuns}`,
  async () => {
    place.write("climb.yaml", experiment({ misbehaviour: "train: slowly", steps: 1000 }));
    const run = place.start("run", "climb.yaml", "--json", "--workers", "2");
    await expect.poll(() => place.alive("starts").length).toBeGreaterThan(1);
    let worker: string | undefined;
    const aWorker = async () =>
      /"workers":\["[^:]+:(\d+)/.exec((await place.ask("status", "--json")).stdout)?.[1];
    await expect.poll(async () => (worker = await aWorker())).toBeDefined();
    process.kill(Number(worker), "SIGTERM");
    expect(Workplace.result(await run.finished)).toMatchObject({
      state: { kind: "done" },
      totalSteps: 4000,
      failures: 0,
    });
  },
);

test("the trainer is tried on a GPU of the run before it begins", async () => {
  const command = "test $CUDA_VISIBLE_DEVICES = 6 || exit 7; exec node climber.mjs";
  place.write("climb.yaml", experiment().replace("node climber.mjs ''", command));
  expect(await place.ask("run", "climb.yaml", "--gpus", "6")).toMatchObject({ code: 0 });
});
