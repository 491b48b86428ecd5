import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { climb, type Finished, putFinishedRun, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

function resultOf({ stdout }: Finished) {
  return Workplace.events(stdout).at(-1) as {
    type: string;
    run: string;
    score: number;
    state: { kind: string };
    totalSteps: number;
  };
}

test("a person goes from init to the best model's files", async () => {
  const written = await place.ask("init");
  expect(written).toMatchObject({ code: 0 });
  expect(await place.clade("check", "experiment.ts")).toMatchObject({ code: 0 });
  const run = await place.clade(
    "run",
    "experiment.ts",
    "--set",
    "budget.stepsPerMember=200",
    "--seed",
    "1",
  );
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("done in");
  expect(run.stdout).toContain("the schedule that made it");

  const show = await place.ask("show");
  expect(show.stdout).toMatch(
    /member \d copied member \d at step \d+: score .+; learningRate .+\n {4}because behind by/,
  );
  expect((await place.ask("status")).stdout).toContain("8 finished");
  expect((await place.ask("list")).stdout).toMatch(/sine-\w{4} +done/);

  expect(await place.ask("best", "--out", "model")).toMatchObject({ code: 0 });
  expect(readdirSync(place.path("model", "checkpoint")).sort()).toEqual([
    "steps.json",
    "velocity.npy",
    "weights.npy",
  ]);
  const schedule = JSON.parse(readFileSync(place.path("model", "schedule.json"), "utf8"));
  const best = JSON.parse(readFileSync(place.path("model", "best.json"), "utf8"));
  expect(schedule.at(-1)).toMatchObject({
    toStep: best.step,
    hyperparameters: { learningRate: expect.any(Number) },
  });

  const part = await place.ask("remove", best.run.slice(0, -1), "--yes");
  expect(part).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`give the whole name: ${best.run}`),
  });
  const unasked = await place.ask("remove", best.run);
  expect(unasked).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("add --yes to confirm"),
  });
  expect(existsSync(place.path(".clade", "checkpoints", best.run))).toBe(true);
  expect(await place.ask("remove", best.run, "--yes")).toMatchObject({ code: 0 });
  expect(existsSync(place.path(".clade", "checkpoints", best.run))).toBe(false);
  expect((await place.ask("list")).stdout).toContain("no runs yet");
});

test("with --json every line is an event, and the last is the result", async () => {
  const finished = await putFinishedRun(place);
  const events = Workplace.events(finished.stdout);
  expect(events[0]).toMatchObject({ type: "started", seed: 1 });
  expect(new Set(events.map(({ type }) => type))).toEqual(
    new Set(["started", "snapshot", "decision", "result"]),
  );
  expect(events.at(-1)).toMatchObject({
    type: "result",
    run: expect.stringMatching(/^climb-/),
    score: expect.any(Number),
    step: expect.any(Number),
    hyperparameters: { rate: expect.any(Number) },
    snapshot: expect.stringMatching(/^\d+\.\d+$/),
    seconds: expect.any(Number),
    totalSteps: 200,
  });
});

test("an interrupted run says how to go on, and resume spends what is left", async () => {
  place.write("climb.mjs", climb({ stepMs: 10 }));
  const { process: child, finished } = place.start("run", "climb.mjs");
  await place.statusWith(/ trains member \d/);
  child.kill("SIGINT");
  const interrupted = await finished;
  expect(interrupted.code).toBe(130);
  expect(interrupted.stdout).toMatch(/Continue with: clade resume climb-\w{4}/);
  expect((await place.ask("status")).stdout).toContain("stopped");
  const resumed = await place.ask("resume", "--json");
  expect(resumed.code).toBe(0);
  expect(resultOf(resumed)).toMatchObject({ state: { kind: "done" }, totalSteps: 200 });
});

test("a run goes on only with the experiment's file that it began with", async () => {
  place.write("climb.mjs", climb());
  await place.ask("run", "climb.mjs");
  const longer = ["resume", "--set", "budget.stepsPerMember=80"];
  place.remove("climb.mjs");
  expect(await place.ask(...longer)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      "climb.mjs - there is no such file; the run needs its experiment; put the file back",
    ),
  });
  place.write("climb.mjs", climb({ declaration: "exploit: noExploit()," }));
  const changed = await place.clade(...longer);
  expect(changed.code).not.toBe(0);
  expect(changed.stderr).toContain("the experiment or its code is not what the run began with");
  place.write("climb.mjs", climb());
  expect((await place.ask(...longer)).code).toBe(0);
});

test("when everything is killed, nothing is left running, and resume goes on", async () => {
  place.write("climb.mjs", climb({ stepMs: 10 }));
  const { process: child, finished } = place.start("run", "climb.mjs");
  await place.statusWith(/ trains member \d/);
  child.kill("SIGKILL");
  await finished;
  await place.statusWith(/: interrupted/);
  expect(resultOf(await place.ask("resume", "--json"))).toMatchObject({
    state: { kind: "done" },
    totalSteps: 200,
  });
});

test("a worker joins from another terminal, and stop ends everybody's work", async () => {
  place.write(
    "climb.mjs",
    climb({ stepMs: 20, declaration: "budget: { stepsPerMember: 100000 }," }),
  );
  const run = place.start("run", "climb.mjs", "--workers", "1");
  await place.statusWith(/ trains member \d/);
  const worker = place.start("worker");
  await place.statusWith(/workers: \S+ .+\n +\S+:\d+:\S+ /);
  expect(await place.ask("stop")).toMatchObject({ code: 0 });
  expect((await worker.finished).code).toBe(0);
  expect((await run.finished).code).toBe(130);
});

test("a run that is done is resumed only with a larger budget", async () => {
  await putFinishedRun(place);
  expect(await place.ask("resume")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("extend it with --set"),
  });
  const longer = await place.ask("resume", "--set", "budget.stepsPerMember=80", "--json");
  expect(resultOf(longer)).toMatchObject({ state: { kind: "done" }, totalSteps: 320 });
});

test("settings do not change under workers, and not where nothing is left to do", async () => {
  place.write("climb.mjs", climb({ stepMs: 20 }));
  const { finished } = place.start("run", "climb.mjs");
  await place.statusWith(/workers: \S+:\d+/);
  const longer = ["resume", "--set", "budget.stepsPerMember=80"];
  expect(await place.ask(...longer)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("stop it first"),
  });
  await finished;
  const shorter = await place.ask("resume", "--set", "budget.stepsPerMember=20");
  expect(shorter).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("leave nothing to do"),
  });
  expect((await place.ask("status")).stdout).toContain("200 steps");
});

test("a control drops settings of what it leaves out, and is passed over unnamed", async () => {
  place.write("climb.mjs", climb());
  const run = await place.ask(
    "run",
    "climb.mjs",
    "--control",
    "random-search",
    "--set",
    "exploit.copy=weights",
  );
  expect(run).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/climb +[\d.]+ +200 .*\nrandom-search +[\d.]+ +200 /),
  });
  const status = await place.ask("status");
  expect(status.stdout).toMatch(/^run climb-....: done/);
  expect(status.stderr).toMatch(/^run climb-...., the newest that is not a control \(.*\)\n$/);
});

test("a run whose output nobody reads any more stops in good order", async () => {
  place.write("climb.mjs", climb({ stepMs: 20 }));
  const { process: child, finished } = place.start("run", "climb.mjs", "--json");
  child.stdout!.once("data", () => child.stdout!.destroy());
  expect(await finished).toMatchObject({ code: 130, stderr: "" });
  expect((await place.ask("status")).stdout).toContain("stopped");
});

test("a promise that never settles is explained", async () => {
  place.write("climb.mjs", climb({ trainer: "evaluate() { return new Promise(() => {}); }" }));
  expect(await place.clade("run", "climb.mjs")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("never settled"),
  });
});

test("a run is found by how its name begins; a wrong name gets the nearest", async () => {
  const { run } = resultOf(await putFinishedRun(place));
  expect((await place.ask("status", run.slice(0, 7))).stdout).toContain(`run ${run}: done`);
  const wrong = await place.ask("status", `${run}x`);
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`did you mean "${run}"?`),
  });
});

test("the same experiment twice at once makes two runs", async () => {
  place.write("climb.mjs", climb({ stepMs: 5 }));
  const results = (
    await Promise.all([
      place.clade("run", "climb.mjs", "--json"),
      place.clade("run", "climb.mjs", "--json"),
    ])
  ).map(resultOf);
  expect(results).toMatchObject([{ totalSteps: 200 }, { totalSteps: 200 }]);
  expect(results[0]!.run).not.toBe(results[1]!.run);
});

test("a run goes on without a member whose trainer keeps throwing, and says so", async () => {
  const trainer =
    "constructor({ seed, hyperparameters }) { this.broken = hyperparameters.rate === 0.5; }";
  const broken = climb({
    trainer: `${trainer}
      save() {
        if (this.broken) throw new Error("no room on the GPU");
        return { height: this.height };
      }`,
    declaration: "exploit: noExploit(), initial: [{ rate: 0.5 }],",
  });
  place.write("climb.mjs", broken);
  const limits = ["--workers", "1", "--population", "2", "--patience", "0"];
  const run = await place.ask("run", "climb.mjs", ...limits);
  expect(run.code).toBe(3);
  expect(run.stdout.trimEnd().split("\n").at(-1)).toMatch(
    new RegExp(
      "^done, but 1 of 2 members was given up \\(.*no room on the GPU\\); " +
        "clade resume climb-\\w+ gives them another chance$",
    ),
  );
  expect(run.stdout).toMatch(
    /member 0 failed in generation 1, in save, on \S+: trainer save\(\) failed: no room/,
  );
  expect((await place.ask("show", "--member", "0")).stdout).toContain("at Climber.save");
  // There is room again.
  place.write("climb.mjs", broken.replace("if (this.broken)", "if (false)"));
  const resumed = await place.ask("resume", "--json", "--allow-different-code");
  expect(resultOf(resumed)).toMatchObject({
    state: { kind: "done" },
    givenUp: [],
    totalSteps: 100,
  });
  expect(resumed.code).toBe(0);
});

test("a run in which every member fails ends with exit code 1 and the error", async () => {
  place.write(
    "climb.mjs",
    climb({
      trainer: 'save() { if (this.height > 0) throw new Error("no room on the GPU"); return {}; }',
    }),
  );
  const run = await place.ask("run", "climb.mjs", "--patience", "0");
  expect(run).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      "every member failed; the last error was: trainer save() failed: no room on the GPU",
    ),
  });
});

test("a worker that cannot go on ends the run, with what it said", async () => {
  place.write(
    "climb.mjs",
    climb({ trainer: 'save() { return this.height > 0 ? { "no good name": 1 } : {}; }' }),
  );
  const run = await place.ask("run", "climb.mjs");
  expect(run).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('"no good name.json": a name in a checkpoint'),
  });
  expect((await place.ask("status")).stdout).toContain("stopped");
});

test("a worker that is killed is replaced", async () => {
  place.write("climb.mjs", climb({ stepMs: 10 }));
  const run = place.start("run", "climb.mjs", "--json");
  const named = /^workers: [^\s:]+:(\d+)/m;
  const [, worker] = named.exec(await place.statusWith(named))!;
  process.kill(Number(worker), "SIGKILL");
  expect(resultOf(await run.finished)).toMatchObject({ state: { kind: "done" }, totalSteps: 200 });
});

test("a run says at its end, and after it, which hyperparameters change nothing", async () => {
  const declaration = "hyperparameters: { rate: logUniform(1e-3, 1), decay: uniform(0, 0.5) },";
  place.write("climb.mjs", climb({ declaration }));
  const warning = new RegExp(
    "warning: decay changes nothing: trained on for \\d+ steps? with 0 and with 0.5 " +
      "from the same state the scores are the same",
  );
  const run = await place.ask("run", "climb.mjs", "--workers", "2");
  expect(run.code).toBe(0);
  expect(run.stdout.match(new RegExp(warning, "g"))).toHaveLength(1);
  expect((await place.ask("status")).stdout).toMatch(warning);
});

test("a resumption keeps how the run was worked on, and says what it changes", async () => {
  place.write("climb.mjs", climb({ stepMs: 10 }));
  const interrupted = async (...words: string[]) => {
    const { process: child, finished } = place.start(...words);
    await place.statusWith(/ trains member \d/);
    child.kill("SIGINT");
    return (await finished).stdout;
  };
  await interrupted("run", "climb.mjs", "--workers", "1", "--patience", "90s");
  expect(await interrupted("resume", "--workers", "2")).toContain(
    "--workers 2 instead of 1, --patience 90 as before",
  );
  const { code, stdout } = await place.start("resume").finished;
  expect(code).toBe(0);
  expect(stdout).toContain("--patience 90 as before");
});
