import {
  BadInputError,
  conditional,
  defineExperiment,
  type ExperimentDeclaration,
  perturb,
  type Random,
  randomStream,
  uniform,
  withSettings,
} from "clade";
import { describe, expect, test } from "vitest";
import { valid } from "./declaration.test-support.ts";

describe("a declaration that is mutilated at random", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const junk: readonly unknown[] = [
    undefined,
    null,
    Number.NaN,
    Infinity,
    -1,
    0,
    0.5,
    1e300,
    7n,
    "",
    "text",
    true,
    false,
    Symbol("junk"),
    [],
    [null],
    ["a", 1],
    {},
    { a: 1 },
    { on: "rate" },
    circular,
    Object.create(null),
    new Map(),
    new Date(Number.NaN),
    /x/,
    new Float32Array(3),
    () => 1,
    class {},
    Object,
    perturb,
    uniform(0, 1),
    uniform(1, 0),
    "__proto__",
    "toString",
    conditional("rate", 5, uniform(0, 1)),
    conditional("junk", 5, null as never),
    conditional(5 as never, {} as never, 5 as never),
  ];
  const names = [
    "junk",
    "constructor",
    "toString",
    "length",
    "budgt",
    "rate",
    "0",
    "final",
    "condition",
    "written",
  ];

  /** A copy with one random place removed, replaced or added to. */
  function mutilate(value: unknown, random: Random): unknown {
    if (typeof value !== "object" || value === null || random.uniform() < 0.15)
      return random.pick(junk);
    const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
      ? [...value]
      : { ...value };
    const keys = Object.keys(copy);
    const into = copy as Record<string, unknown>;
    const kind = random.uniform();
    if (kind < 0.15) into[random.pick(names)] = random.pick(junk);
    else if (keys.length > 0) {
      const key = random.pick(keys);
      if (kind < 0.3) delete into[key];
      else into[key] = mutilate(into[key], random);
    }
    return copy;
  }

  test("is refused with a BadInputError or accepted, and never fails otherwise", () => {
    let refused = 0;
    for (let seed = 0; seed < 4000; seed++) {
      const random = randomStream("mutilate", seed);
      let declaration: unknown = valid();
      for (let times = 0; times <= seed % 3; times++) declaration = mutilate(declaration, random);
      try {
        defineExperiment(declaration as ExperimentDeclaration);
      } catch (error) {
        if (!(error instanceof BadInputError)) throw new Error(`seed ${seed}`, { cause: error });
        refused++;
        for (const { value, rule, remedy } of error.problems) {
          expect(
            [value, rule, remedy].every((text) => typeof text === "string" && text !== ""),
          ).toBe(true);
        }
      }
    }
    expect(refused).toBeGreaterThan(2000);
    expect(refused).toBeLessThan(4000);
  });

  test("has no setting that fails otherwise either", () => {
    const experiment = defineExperiment(valid() as never);
    const paths = [
      "name",
      "population",
      "seed",
      "exploit",
      "explore",
      "budget",
      "ready",
      "budget.totalSteps",
      "exploit.fraction",
      "ready.steps",
      "constructor",
      "exploit.constructor",
      "budget.toString",
      "a.b.c",
      "",
    ];
    for (const path of paths) {
      for (const value of junk) {
        try {
          withSettings(experiment, { [path]: value });
        } catch (error) {
          if (!(error instanceof BadInputError)) throw new Error(path, { cause: error });
        }
      }
    }
  });
});
