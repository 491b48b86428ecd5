import {
  constant,
  defineExperiment,
  everySteps,
  maximize,
  noExploit,
  run,
  sqlitePopulationStore,
} from "clade";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

/**
 * Runs of a study in the store of the workplace: a score of its own for each seed, or of no study
 * when it has no name.
 */
async function publish(
  method: string,
  scores: readonly number[],
  study?: string,
  steps = 10,
): Promise<string[]> {
  await using populationStore = sqlitePopulationStore(place.path(".clade", "clade.db"));
  const ids: string[] = [];
  for (const [seed, score] of scores.entries()) {
    const experiment = defineExperiment({
      name: method,
      population: 2,
      hyperparameters: { rate: constant(1) },
      objective: maximize("accuracy"),
      ready: everySteps(5),
      ...(method.endsWith("random-search") && { exploit: noExploit() }),
      budget: { stepsPerMember: steps },
      trainer: () => ({
        step() {},
        evaluate: () => ({ accuracy: score, heldOut: score / 2 }),
        save: () => ({}),
        restore() {},
      }),
    });
    const labels = study && {
      study: { name: study, variant: method, method, point: {}, baseline: "random-search" },
    };
    ids.push((await run(experiment, { populationStore, seed, ...labels })).run);
  }
  return ids;
}

test("a study is compared by name: intervals, a verdict, and what they are worth", async () => {
  await publish("pbt", [0.9, 0.91, 0.92, 0.93, 0.94], "sizes");
  await publish("random-search", [0.81, 0.8, 0.82, 0.84, 0.83], "sizes");
  const compared = await place.ask("compare", "sizes");
  expect(compared).toMatchObject({ code: 0, stderr: "" });
  expect(compared.stdout).toContain("accuracy of the best model, higher is better");
  expect(compared.stdout).toMatch(/^pbt +5 +0\.920 \[0\.8\d+, 0\.9\d+\] +20 /m);
  expect(compared.stdout).toMatch(
    /^pbt beside random-search: better: \+0\.100 \[0\.0\d+, 0\.1\d+\], 5 paired seeds$/m,
  );
  expect(compared.stdout).toContain("1 comparison");
  expect(compared.stdout).toContain("name it with --metric");

  const heldOut = await place.ask("compare", "sizes", "--metric", "heldOut");
  expect(heldOut.stdout).toMatch(/^pbt +5 +0\.460 /m);
  expect(heldOut.stdout).not.toContain("too good");
});

test("runs are compared by how their names begin, as one JSON object", async () => {
  const [first] = await publish("digits", [0.9]);
  const [second] = await publish("random-search", [0.8]);
  const { code, stdout } = await place.ask("compare", first!.slice(0, -1), second!, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    metric: "accuracy",
    comparisons: 1,
    variants: [
      {
        name: "digits",
        iqm: 0.9,
        against: { baseline: "random-search", sentence: "one seed proves nothing" },
      },
      {
        name: "random-search",
        iqm: 0.8,
        runs: [{ run: second, seed: 0, score: 0.8, totalSteps: 20 }],
      },
    ],
  });
});

test("a single variant gets its interval, and has nothing to be compared with", async () => {
  await publish("pbt", [0.9, 0.91, 0.92], "sizes");
  const { code, stdout } = await place.ask("compare", "sizes");
  expect(code).toBe(0);
  expect(stdout).toContain("pbt: there is nothing to compare it with");
});

test("what cannot be compared is bad input with a remedy", async () => {
  await publish("pbt", [0.9, 0.91], "sizes", 20);
  await publish("random-search", [0.8, 0.81], "sizes");
  const refused = async (...words: string[]) => {
    const { code, stdout, stderr } = await place.ask("compare", ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    return stderr;
  };
  expect(await refused("sizes")).toContain(
    "its runs trained 40 steps and the baseline's 20, more than 2% apart",
  );
  expect(await refused("size")).toContain(
    'run: size - is neither a run nor a study of this store; did you mean "sizes"?',
  );
  expect(await refused("pbt")).toContain("matches more than one run; give some of pbt-");
  expect(await refused("sizes", "--baseline", "pbd")).toContain('did you mean "pbt"?');
});

test("an unknown name is answered with the studies, and the runs of none", async () => {
  const inStudy = await publish(
    "pbt",
    Array.from({ length: 12 }, (_, seed) => seed),
    "sizes",
  );
  const [alone] = await publish("digits", [0.9]);
  const unknown = await place.ask("compare", "nothing-like-them");
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain(`known are sizes, ${alone}.`);
  expect((await place.ask("compare", "")).stderr).toContain(
    "is empty; give a value, or leave it out",
  );
  const several = (await place.ask("compare", "pbt")).stderr;
  expect(several).toContain(inStudy[0]);
  expect(several).toContain("and 4 others");
});
