import { expect, test } from "vitest";
import { parseExperiment } from "./experiment-text.ts";

test("an alias stands for the value at its anchor", () => {
  const { data, errors } = parseExperiment("rate: &rate { uniform: [0, 1] }\nother: *rate\n");
  expect([data, errors]).toEqual([{ rate: { uniform: [0, 1] }, other: { uniform: [0, 1] } }, []]);
});

test("aliases that multiply are refused with one sentence, before they are written out", () => {
  const levels = Array.from({ length: 30 }, (_, level) =>
    level === 0 ? "a0: &a0 [x]" : `a${level}: &a${level} [${Array(10).fill(`*a${level - 1}`)}]`,
  );
  const says = "its aliases expand to more than an experiment can need; write the values out";
  expect(parseExperiment(levels.join("\n"))).toMatchObject({ data: undefined, errors: [says] });
});
