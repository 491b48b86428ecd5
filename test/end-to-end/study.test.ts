import { sqlitePopulationStore } from "clade";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inLongRuns, isLong } from "../long.ts";
import { putFinishedRun, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
  place.write("climb.mjs", climb());
});
afterEach(() => place[Symbol.dispose]());

/**
 * Climbs with noise. Every step takes a few milliseconds, so that a run can be caught in progress.
 */
const climb = (stepMs = 0, steps = 40) => `
  import { defineExperiment, everySteps, logUniform, maximize, randomStream } from "clade";
  class Climber {
    state;
    constructor({ seed }) { this.state = { seed, steps: 0, height: 0 }; }
    async step({ rate }) {
      if (${stepMs}) await new Promise((resolve) => setTimeout(resolve, ${stepMs}));
      const noise = randomStream(this.state.seed, this.state.steps++).normal();
      this.state.height += rate * (1 - this.state.height) + 0.1 * rate * noise;
    }
    evaluate() { return { height: this.state.height, heldOut: this.state.height - 1 }; }
    save() { return { state: this.state }; }
    restore({ state }) { this.state = state; }
  }
  export default defineExperiment({
    name: "climb", population: 4, hyperparameters: { rate: logUniform(1e-4, 1) },
    objective: maximize("height"), ready: everySteps(5), budget: { stepsPerMember: ${steps} },
    trainer: Climber, synchronous: true,
  });
`;

const study = (more = "") => `
name: sizes
experiment: climb.mjs
seeds: 2
variants:
  pbt: {}
  random-search: random-search
  replay: { replay: pbt }
baseline: random-search
${more}`;

async function runs() {
  await using store = sqlitePopulationStore(place.path(".clade", "clade.db"));
  return await store.runs();
}

const allRuns = ["pbt", "random-search", "replay"].flatMap((variant) =>
  [1, 2].map((seed) => `sizes-${variant}-seed-${seed}`),
);

test("a study runs every variant with every seed once, compares, and repeats none", async () => {
  place.write("study.yaml", study());
  const first = await place.ask("study", "study.yaml", "--workers", "1");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain("study sizes: 3 variants, 2 seeds, 6 runs");
  expect(first.stdout).toMatch(/^6\/6 {2}replay, seed 2: [\d.]+, done in /m);
  expect(first.stdout).toMatch(/^pbt beside random-search: /m);
  const before = await runs();
  expect(before.map(({ id }) => id).sort()).toEqual(allRuns);
  expect(before.every(({ state }) => state.kind === "done")).toBe(true);

  const second = await place.ask("study", "study.yaml");
  expect(second.code).toBe(0);
  expect(second.stdout).not.toContain("done in");
  expect(await runs()).toEqual(before);
});

test.skipIf(!isLong)(
  `a study that gets more seeds runs only the new ones${inLongRuns}`,
  async () => {
    place.write("study.yaml", study());
    await place.ask("study", "study.yaml");
    const before = await runs();
    place.write("study.yaml", study().replace("seeds: 2", "seeds: 3"));
    const third = await place.ask("study", "study.yaml", "--json");
    const lines = third.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toMatchObject({
      type: "run",
      variant: "replay",
      seed: 3,
      state: { kind: "done" },
    });
    const after = await runs();
    for (const run of before) expect(after).toContainEqual(run);
  },
);

test("a study whose process is killed goes on where it was", async () => {
  place.write("climb.mjs", climb(3));
  place.write("study.yaml", study());
  const { process: killed, finished } = place.start("study", "study.yaml");
  await expect.poll(async () => (await runs().catch(() => [])).length).toBeGreaterThan(1);
  killed.kill("SIGKILL");
  await finished;
  expect((await runs()).length).toBeLessThan(6);
  const again = await place.ask("study", "study.yaml");
  expect(again.code).toBe(0);
  expect((await runs()).map(({ id, state }) => [id, state.kind]).sort()).toEqual(
    allRuns.map((id) => [id, "done"]),
  );
});

test("Ctrl-C stops a study, and says how to go on", async () => {
  place.write("climb.mjs", climb(3));
  place.write("study.yaml", study());
  const { process: stopped, finished } = place.start("study", "study.yaml");
  await expect.poll(async () => (await runs().catch(() => [])).length).toBeGreaterThan(0);
  stopped.kill("SIGINT");
  const { code, stderr } = await finished;
  expect(code).toBe(130);
  expect(stderr).toContain("study sizes: stopped; continue with: clade study study.yaml");
});

test.skipIf(!isLong)(
  `two processes that work on one study share its runs${inLongRuns}`,
  async () => {
    place.write("climb.mjs", climb(2));
    place.write("study.yaml", study());
    const both = await Promise.all([
      place.ask("study", "study.yaml"),
      place.ask("study", "study.yaml"),
    ]);
    for (const { code, stdout } of both) {
      expect(code).toBe(0);
      expect(stdout).toContain("pbt beside random-search: ");
    }
    expect((await runs()).map(({ id, state }) => [id, state.kind]).sort()).toEqual(
      allRuns.map((id) => [id, "done"]),
    );
  },
);

test.skipIf(!isLong)(
  `an edited experiment is refused before it mixes with runs of the old one${inLongRuns}`,
  async () => {
    place.write("study.yaml", study());
    await place.ask("study", "study.yaml");
    place.write("climb.mjs", climb(0, 80));
    // Another process, since this one has loaded the file as it was.
    const { code, stderr } = await place.clade("study", "study.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "undo the change, rename the study, or: clade remove sizes-pbt-seed-1",
    );
    expect(stderr).toContain(
      'budget: {"stepsPerMember":40} in the run, {"stepsPerMember":80} in the file',
    );
  },
);

test.each([
  [
    "varients: {}",
    'study.yaml:10: varients: {} - is not a part of a study; did you mean "variants"?',
  ],
  ["grid: { populaton: [3] }", "study.yaml:10: grid.populaton: 3 - is not a setting"],
  [
    "settings: { budgt.stepsPerMember: 4 }",
    "study.yaml:10: settings.budgt.stepsPerMember: 4 - is not",
  ],
  ["grid: [", "study: study.yaml - cannot be loaded; correct it:"],
  [
    "settings: { budget: { wallSeconds: 1 }, ready: { everySeconds: 1 } }\n" +
      "grid: { population: [0] }",
    "grid.population: 0 - must be at least 1",
  ],
])("a study with %s is refused before anything runs", async (mistake, message) => {
  place.write("study.yaml", study(mistake));
  const { code, stderr } = await place.ask("study", "study.yaml");
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("a wrong setting of all variants is told once, and before anything runs", async () => {
  const mistakes =
    "settings: { populaton: 3 }\nvariants: { pbt: {}, t: {}, again: { replay: pbt, sed: 1 } }";
  place.write("study.yaml", `name: s\nexperiment: climb.mjs\nseeds: 1\n${mistakes}\n`);
  const { code, stderr } = await place.ask("study", "study.yaml");
  expect(code).toBe(2);
  expect(stderr.trim().split("\n")).toEqual([
    'study.yaml:4: settings.populaton: 3 - is not a setting; did you mean "population"?',
    'study.yaml:5: variants.again.sed: 1 - is not a setting; did you mean "seed"?',
  ]);
});

test("a study given as an experiment, or a directory, is named for what it is", async () => {
  place.write("study.yaml", study());
  const run = await place.ask("run", "study.yaml");
  expect(run.stderr).toContain('study.yaml - is a study; run it with "clade study study.yaml"');
  for (const command of ["run", "study"]) {
    const { code, stderr } = await place.ask(command, ".");
    expect(code).toBe(2);
    expect(stderr).toContain(". - is a directory; give the path of the");
  }
});

test("a replay trains fresh models along the best schedule, as a run of its own", async () => {
  await putFinishedRun(place, climb());
  const original = (await runs())[0]!;
  const { code, stdout } = await place.ask("replay", original.id, "--models", "3", "--seed", "5");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /3 fresh models along that schedule ended with height ([\d.]+, ){2}[\d.]+; the best of climb-/,
  );
  const [, replay] = await runs();
  const schedules = [];
  for (const id of [original.id, replay!.id]) {
    const best = JSON.parse((await place.ask("best", id, "--json")).stdout);
    schedules.push(
      best.schedule.map(({ toStep, hyperparameters }: never) => [toStep, hyperparameters]),
    );
  }
  // The best of the replay may be an earlier one of its snapshots.
  expect(schedules[0].slice(0, schedules[1].length)).toEqual(schedules[1]);
});

test("a schedule is written as JSON, CSV and Python, also of another lineage", async () => {
  await putFinishedRun(place, climb());
  for (const file of ["schedule.json", "schedule.csv", "schedule.py"])
    expect((await place.ask("replay", "--export", file, "--member", "2")).code).toBe(0);
  const segments = JSON.parse(place.read("schedule.json"));
  expect(segments.at(-1)).toMatchObject({ toStep: 40 });
  expect(place.read("schedule.csv")).toMatch(/^from_step,to_step,member,rate\r?\n0,5,/);
  expect(place.read("schedule.py")).toContain("def hyperparameters_at(step)");
  expect(await runs()).toHaveLength(1);
});

test.each([
  [
    ["--export", "schedule.txt"],
    "--export: schedule.txt - is neither .json, .csv nor .py; give a name such as climb.csv.",
  ],
  [
    ["--export", "none/schedule.csv"],
    "--export: none/schedule.csv - cannot be written (ENOENT); free or unlock the place",
  ],
  [["--snapshot", "9.9"], "--snapshot: 9.9 - is not a snapshot of climb-"],
  [["--member", "9"], "--member: 9 - the run has 4 members; give a number from 0 to 3."],
])("replay %o is refused", async (words, message) => {
  await putFinishedRun(place, climb());
  const { code, stderr } = await place.ask("replay", ...words);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test.skipIf(!isLong)(
  `variants that differ only in what ids cannot have are runs of their own${inLongRuns}`,
  async () => {
    place.write("climb.mjs", climb(0, 5));
    const long = "x".repeat(80);
    place.write(
      "study.yaml",
      "{ name: sizes, experiment: climb.mjs, seeds: 1, " +
        `variants: { a_b: {}, a-b: {}, ${long}: {} } }`,
    );
    const { code, stderr } = await place.ask("study", "study.yaml");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const made = await runs();
    expect(made.map(({ study }) => study!.variant)).toEqual(["a_b", "a-b", long]);
    expect(made.every(({ id }) => id.length < 255)).toBe(true);
  },
);
