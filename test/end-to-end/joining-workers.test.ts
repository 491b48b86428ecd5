import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { climb, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

const endless = "budget: { stepsPerMember: 1_000_000 },";

/** Starts a run with one worker, and resolves when it exists. */
async function running() {
  const run = place.start("run", "climb.mjs", "--workers", "1", "--json");
  await expect.poll(() => existsSync(place.path(".clade", "checkpoints"))).toBe(true);
  await expect.poll(async () => (await place.ask("status")).stdout).toMatch(/: running/);
  return run;
}

test("as many workers join as are asked for, each with a GPU, and say what they do", async () => {
  const trainer =
    "evaluate() { const gpu = Number(process.env.CUDA_VISIBLE_DEVICES ?? -1); " +
    "return { height: this.height, gpu }; }";
  place.write("climb.mjs", climb({ stepMs: 30, trainer, declaration: endless }));
  const run = await running();
  const joined = place.start("worker", "--gpus", "5,6");
  let told = "";
  joined.process.stdout!.on("data", (text) => (told += text));
  for (const worker of [1, 2])
    await expect
      .poll(() => told)
      .toMatch(
        new RegExp(
          `^[\\d-]+ [\\d:]+ worker ${worker}: member \\d ended generation \\d+: height`,
          "m",
        ),
      );
  await place.ask("stop");
  expect([(await joined.finished).code, (await run.finished).code]).toEqual([0, 130]);
  expect(told).toMatch(/^working on run climb-\w+ with 2 workers; Ctrl-C leaves\n/);
  expect(told).toMatch(/run climb-\w+: is stopped\n$/);
  const { stdout } = await place.ask("export");
  for (const gpu of [5, 6]) expect(stdout).toContain(`"gpu":${gpu}`);
});

test("a machine can work on a run when a generation succeeds there, unpublished", async () => {
  place.write("climb.mjs", climb({ stepMs: 20, declaration: endless }));
  const run = await running();
  const checked = await place.ask("worker", "--check");
  expect(checked).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /: this machine can work on it: 5 steps to height .*nothing was published\n$/,
    ),
  });
  expect(readdirSync(place.path(".clade", "checkpoints"))).toHaveLength(1);
  run.process.kill("SIGTERM");
  await run.finished;
  const log = await place.ask("export");
  expect(log.stdout).not.toContain('"failure"');
});

test("a machine on which the trainer fails cannot work on a run, and says why", async () => {
  const trainer = `async step(values) {
    if (process.env.BROKEN) throw new Error("no CUDA driver here");
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.height += values.rate;
  }`;
  place.write("climb.mjs", climb({ trainer, declaration: endless }));
  const run = await running();
  using broken = new Workplace({ BROKEN: "1", CLADE_STORE: place.path(".clade", "clade.db") });
  const checked = await broken.clade("worker", "--check");
  expect(checked).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /this machine cannot work on it: trainer step\(\) failed: no CUDA driver here\n/,
    ),
  });
  run.process.kill("SIGTERM");
  await run.finished;
});

test("a worker whose run fails exits with a code that schedulers count as a failure", async () => {
  const trainer = `step() { if (process.argv.includes("worker")) throw new Error("always"); }`;
  place.write(
    "climb.mjs",
    climb({ trainer, declaration: "population: 1, exploit: noExploit()," }),
  );
  const run = await place.ask("run", "climb.mjs", "--workers", "1", "--patience", "1s");
  expect(run.code).toBe(1);
  const joined = await place.ask("worker");
  expect(joined).toMatchObject({ code: 5, stdout: expect.stringContaining("is failed") });
});
