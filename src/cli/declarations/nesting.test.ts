import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { nestingOf } from "./nesting.ts";

test.each([
  ["brackets", "[".repeat(100_000)],
  ["objects", "{a: ".repeat(100_000)],
  ["lists in lists", `${"- ".repeat(100_000)}x`],
  ["keys of keys", `${"? ".repeat(100_000)}x`],
  ["anchors", `${"- &a ".repeat(100_000)}x`],
  [
    "lines, each deeper",
    Array.from({ length: 1000 }, (_, indent) => `${" ".repeat(indent)}a:`).join("\n"),
  ],
  ["JSON", `${'{"a":['.repeat(50_000)}1${"]}".repeat(50_000)}`],
])("%s are found deep without parsing them", (_, text) => {
  expect(nestingOf(text, 64)).toBeGreaterThan(64);
});

test("an experiment is not deep, whatever stands in its texts and comments", () => {
  const file = readFileSync(
    new URL("../../../templates/yaml/experiment.yaml", import.meta.url),
    "utf8",
  );
  expect(nestingOf(file, 64)).toBeLessThan(6);
  expect(
    nestingOf(`a: "${"[".repeat(100)}"  # ${"{".repeat(100)}\nb: '${"[".repeat(100)}'`, 64),
  ).toBe(1);
  expect(
    nestingOf(
      Array.from({ length: 5000 }, (_, index) => `a${index}: [1, { b: 2 }]`).join("\n"),
      64,
    ),
  ).toBe(3);
});
