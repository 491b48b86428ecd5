import { expect, test } from "vitest";
import { measurementOf } from "./measurement.ts";

test.each([
  [
    Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`m${index}`, 1])),
    "5000 metrics - may be at most 1000",
  ],
  [{ score: 1, samples: new Array(1_000_000).fill(1) }, "1000000 samples - may be at most 100000"],
  [{ score: 1, ["x".repeat(100_000)]: 1 }, "has 100000 characters, and may have 200"],
  [{ score: 1, "": 1 }, "is empty"],
])("an evaluation that would fill the database is the trainer's failure", (evaluation, rule) => {
  expect(() => measurementOf(evaluation, "score")).toThrow(rule);
});
