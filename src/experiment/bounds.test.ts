import {
  BadInputError,
  choice,
  defineExperiment,
  everySteps,
  integer,
  logUniform,
  maximize,
  normal,
  quantized,
  uniform,
} from "clade";
import { expect, test } from "vitest";

class Trainer {
  step() {}
  evaluate() {
    return { score: 0 };
  }
  save() {
    return {};
  }
  restore() {}
}

function refusal(changes: object): string {
  try {
    defineExperiment({
      name: "bounds",
      population: 2,
      hyperparameters: { rate: uniform(0, 1) },
      objective: maximize("score"),
      ready: everySteps(1),
      budget: { stepsPerMember: 1 },
      trainer: Trainer,
      ...changes,
    });
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(BadInputError);
    return (error as Error).message;
  }
}
const withRate = (rate: unknown) => ({ hyperparameters: { rate } });
const long = "x".repeat(100_000);

test.each([
  ["a long name", { name: long }, "must have at most 100 characters"],
  ["an empty name", { name: "" }, 'use a name such as "digits"'],
  [
    "a long hyperparameter",
    { hyperparameters: { [long]: uniform(0, 1) } },
    "has 100000 characters, and may have 200",
  ],
  ["an empty hyperparameter", { hyperparameters: { "": uniform(0, 1) } }, "is empty; give a name"],
  [
    "an unseen one",
    { hyperparameters: { "ra\u202ete": uniform(0, 1) } },
    "has characters that cannot be seen",
  ],
  [
    "many of them",
    {
      hyperparameters: Object.fromEntries(
        Array.from({ length: 100_000 }, (_, index) => [`h${index}`, uniform(0, 1)]),
      ),
    },
    "100000 hyperparameters - may be at most 1000",
  ],
  [
    "a long choice",
    withRate(choice("a", long.repeat(10))),
    "an option may have at most 10000 characters",
  ],
  [
    "many choices",
    withRate(choice(...Array.from({ length: 50_000 }, (_, index) => index))),
    "there may be at most 10000 options",
  ],
  ["a long metric", { objective: maximize(long) }, "has 100000 characters, and may have 200"],
  ["an empty metric", { objective: maximize("") }, "is empty; name a metric"],
  [
    "an empty held-out metric",
    { objective: maximize("score", { final: "" }) },
    "is empty; name a metric",
  ],
  [
    "an unseen metric",
    { objective: maximize("score\u200b") },
    "has characters that cannot be seen",
  ],
  [
    "a range without a width",
    withRate(uniform(-1e308, 1e308)),
    "the distance between the bounds is too large",
  ],
  [
    "such bounds",
    withRate(uniform(0, 1, { bounds: [-1e308, 1e308] })),
    "the distance between the bounds is too large",
  ],
  [
    "such a deviation",
    withRate(normal(0, 1e308, { bounds: [-1e307, 1e307] })),
    "too large for a number",
  ],
  [
    "such a grid",
    withRate(quantized(uniform(-1e308, 1e308), 1)),
    "the distance between the bounds is too large",
  ],
  [
    "such whole numbers",
    withRate(integer(-(2 ** 53) + 1, 2 ** 53 - 1)),
    "below 2^53, and no further apart",
  ],
])("%s is refused, in few words", (_, changes, rule) => {
  const message = refusal(changes);
  expect(message).toContain(rule);
  expect(message.length).toBeLessThan(2_000);
});

test("the widest ranges that are taken draw and move within their bounds", () => {
  for (const declared of [
    logUniform(5e-324, 1e307),
    uniform(-8e306, 8e306),
    normal(0, 1e306, { bounds: [-1e306, 1e306] }),
  ]) {
    expect(refusal(withRate(declared))).toBe("");
    for (const factor of [0, 0.8, 1, 1.25, 1e300])
      for (const place of [0, 0.3, 0.999999]) {
        const random = { uniform: () => place, normal: () => place };
        const value = declared.sample(random as never) as number;
        expect(declared.admits(value)).toBe(true);
        expect(declared.admits(declared.perturb(value as never, factor))).toBe(true);
      }
  }
});
