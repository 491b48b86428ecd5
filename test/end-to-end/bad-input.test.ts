import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { climb, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

test.each([
  [["status", ""], "a word of the command"],
  [["remove", ""], "a word of the command"],
  [["worker", "", "--experiment", ""], "--experiment"],
  [["list", "--store", ""], "--store"],
  [["compare", "a", ""], "a word of the command"],
  [["submit", "slurm", "--array", "1", "--run", ""], "--run"],
  [["best", "--out", ""], "--out"],
])("an empty word is refused: %j", async (words, named) => {
  const { code, stderr } = await place.ask(...words);
  expect(code).toBe(2);
  expect(stderr).toContain(`${named}: "" - is empty; give a value, or leave it out.`);
});

test("init does not overwrite a file", async () => {
  place.write("experiment.ts", "mine");
  expect(await place.ask("init")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("not overwritten"),
  });
  expect(readFileSync(place.path("experiment.ts"), "utf8")).toBe("mine");
});

const badInput: { what: string; words: string[]; file?: string; says: (string | RegExp)[] }[] = [
  {
    what: "every mistake of an experiment at once",
    words: ["run", "climb.mjs"],
    file: climb({
      declaration: `population: 0, budget: {},
        hyperparameters: { rate: logUniform(0, 1), depth: uniform(3, 1) },
        exploit: truncationSelection({ fractoin: 0.2 }),`,
    }),
    says: [
      "population: 0 - must be at least 1",
      "budget: {} - never ends",
      "hyperparameters.rate: logUniform(0, 1) - the lower bound must be above 0; " +
        "use uniform(0, 1) or a small positive bound.",
      "hyperparameters.depth: uniform(3, 1) - the lower bound must be below the upper",
      /exploit\.fractoin: 0\.2 - .*did you mean "fraction"\?/,
    ],
  },
  {
    what: "a metric that the trainer does not report",
    words: ["run", "climb.mjs"],
    file: climb({ declaration: 'objective: maximize("hieght"),' }),
    says: ['objective.metric: "hieght"', 'did you mean "height"?'],
  },
  {
    what: "a score that is a text",
    words: ["run", "climb.mjs"],
    file: climb({ trainer: 'evaluate() { return { height: "0.5" }; }' }),
    says: ['"0.5" is not a number'],
  },
  {
    what: "a state that cannot be kept, before a run exists",
    words: ["run", "climb.mjs"],
    file: climb({ trainer: "save() { return new Map([[1, 2]]); }" }),
    says: ["save() returned an object of class Map, which cannot be kept"],
  },
  {
    what: "a trainer that throws, with its line",
    words: ["run", "climb.mjs"],
    file: climb({ trainer: 'evaluate() { throw new Error("no data"); }' }),
    says: ["trainer evaluate() failed: no data", /at Climber\.evaluate .*climb\.mjs:\d+/],
  },
  {
    what: "a file that does not parse, with the line",
    words: ["run", "climb.mjs"],
    file: `${climb()}\nconst wrong = ;\n`,
    says: [/climb\.mjs:\d+ - cannot be loaded/, "const wrong = ;"],
  },
  {
    what: "a file that is not there",
    words: ["run", "climbs.ts"],
    says: ["climbs.ts - there is no such file"],
  },
  {
    what: "a file without an experiment",
    words: ["run", "climb.mjs"],
    file: "export const a = 1;",
    says: ["has no default export"],
  },
  {
    what: "an unknown command",
    words: ["rum"],
    says: ["unknown command 'rum'", "Did you mean run?"],
  },
  {
    what: "an unknown option",
    words: ["run", "climb.mjs", "--sede", "1"],
    says: ["unknown option '--sede'", "Did you mean --seed?"],
  },
  {
    what: "an unknown setting",
    words: ["run", "climb.mjs", "--set", "exploit.fractoin=0.2"],
    file: climb(),
    says: [/exploit\.fractoin.*did you mean "fraction"\?/],
  },
  {
    what: "an unknown strategy",
    words: ["run", "climb.mjs", "--set", "exploit=noExplot"],
    file: climb(),
    says: ['did you mean "noExploit"?'],
  },
  {
    what: "a population that is no number",
    words: ["run", "climb.mjs", "--population", "many"],
    file: climb(),
    says: ["--population must be a whole number"],
  },
  {
    what: "a store that is not there yet",
    words: ["run", "climb.mjs", "--store", "mysql://host/db"],
    file: climb(),
    says: ["there is no store for mysql: URLs"],
  },
  {
    what: "a store that is not there, which is not made by looking for it",
    words: ["list", "--store", "typo/clade.db"],
    says: ['store: "typo/clade.db" - there is no such store'],
  },
];
for (const { what, words, file, says } of badInput) {
  test(`bad input: ${what}`, async () => {
    if (file !== undefined) place.write("climb.mjs", file);
    // Only the loader of a real process names the line.
    const { code, stderr } = await (what.includes("parse")
      ? place.clade(...words)
      : place.ask(...words));
    for (const text of says) expect(stderr).toMatch(text);
    expect(stderr).not.toContain("src/cli");
    expect(code).toBe(2);
    expect(existsSync(place.path(".clade"))).toBe(false);
  });
}
