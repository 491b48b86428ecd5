import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { BadInputError } from "clade";
import { expect, test } from "vitest";
import { experimentFromFile } from "./experiment-file.ts";
import { experimentJsonSchema } from "./experiment-json-schema.ts";

const published = JSON.parse(
  readFileSync(new URL("../../../schema/experiment.schema.json", import.meta.url), "utf8"),
) as object;
const matches = new Ajv({ strict: true, allowUnionTypes: true }).compile(published);

function isRead(data: unknown): boolean {
  try {
    experimentFromFile(data);
    return true;
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    return false;
  }
}

const file = {
  name: "digits",
  population: 8,
  hyperparameters: { rate: { logUniform: [1e-4, 1e-1] }, optimizer: { choice: ["sgd", "adam"] } },
  objective: { maximize: "accuracy" },
  ready: { everySteps: 200 },
  budget: { stepsPerMember: 4000 },
  trainer: "python train.py",
};
const withSpace = (hyperparameters: object) => ({
  hyperparameters: { ...file.hyperparameters, ...hyperparameters },
});

test("the published schema is what scripts/write-schemas.ts writes", () => {
  expect(published).toEqual(JSON.parse(JSON.stringify(experimentJsonSchema())));
});

test.each([
  {},
  {
    $schema: "experiment.schema.json",
    seed: 0,
    synchronous: true,
    reevaluate: false,
    exploreEvery: "copy",
  },
  withSpace({
    a: { uniform: [0, 1], bounds: [-1, 2], step: 0.1, when: { optimizer: "sgd" } },
    b: 3,
    c: "gelu",
  }),
  withSpace({
    a: { integer: [1, 8], log: true },
    b: { normal: [0, 1], bounds: [-1, 1] },
    c: { ordinal: [1, 2] },
  }),
  withSpace({ a: { constant: true, when: { optimizer: ["sgd", "adam"] } } }),
  {
    initial: { rate: 0.01 },
    objective: { minimize: "loss", final: "test" },
    ready: { everySeconds: 0.5 },
  },
  {
    initial: [{ rate: 0.01 }, {}],
    exploit: "noExploit",
    explore: { perturb: { factors: [0.5] } },
  },
  { exploit: { tTestSelection: { copy: "weights" } }, explore: "resample" },
  {
    trainer: { command: "x", environment: { A: "1" }, directory: ".", memoryLimitMegabytes: 100 },
  },
])("the schema and the loader both accept %o", (changes) => {
  expect(isRead({ ...file, ...changes })).toBe(true);
  expect(matches({ ...file, ...changes }), JSON.stringify(matches.errors)).toBe(true);
});

test.each([
  { name: "no spaces" },
  { name: undefined },
  { population: 0.5 },
  { synchronus: true },
  { hyperparameters: [] },
  withSpace({ a: { logUnifrom: [1, 2] } }),
  withSpace({ a: { uniform: [0] } }),
  withSpace({ a: { uniform: [0, 1, 2] } }),
  withSpace({ a: { uniform: [0, 1], integer: [0, 1] } }),
  withSpace({ a: { uniform: [0, 1], step: 0 } }),
  withSpace({ a: { uniform: [0, 1], when: {} } }),
  withSpace({ a: { uniform: [0, 1], when: { optimizer: "sgd", rate: 1 } } }),
  withSpace({ a: { integer: [0.5, 2] } }),
  withSpace({ a: { normal: [0, 1] } }),
  withSpace({ a: { choice: [] } }),
  withSpace({ a: { choice: [1, 1] } }),
  withSpace({ a: [1, 2] }),
  withSpace({ a: null }),
  withSpace({ a: "logUniform(1, 2)" }),
  { initial: [3] },
  { objective: "accuracy" },
  { objective: { maximize: "a", minimize: "b" } },
  { ready: { everySteps: 0 } },
  { ready: { burnInSteps: 3 } },
  { exploit: "truncatedSelection" },
  { exploit: { truncationSelection: { fraction: 0.6 } } },
  { exploit: { noExploit: { fraction: 0.2 } } },
  { explore: { perturb: { factors: [] } } },
  { exploreEvery: "never" },
  { budget: { steps: 5 } },
  { trainer: " " },
  { trainer: { directory: "." } },
  { trainer: { command: "x", stepTimeoutSeconds: 0 } },
  { seed: -1 },
])("the schema and the loader both refuse %o", (changes) => {
  expect(isRead({ ...file, ...changes })).toBe(false);
  expect(matches(JSON.parse(JSON.stringify({ ...file, ...changes })))).toBe(false);
});

test("every name, kind and option has a description", () => {
  const without: string[] = [];
  const visit = (schema: unknown, path: string) => {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, inner] of Object.entries(schema)) {
      if (key === "properties")
        for (const [name, property] of Object.entries(inner as object))
          if (!("description" in property)) without.push(`${path}.${name}`);
      visit(inner, `${path}.${key}`);
    }
  };
  visit(published, "");
  expect(without).toEqual([]);
});
