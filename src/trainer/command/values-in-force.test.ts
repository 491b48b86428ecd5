import { expect, test } from "vitest";
import { ValuesInForce } from "./values-in-force.ts";

const told = { rate: 0.1, batch: 33, kind: "steep" };
const answer = {
  hyperparameters: { rate: 0.100000001, batch: 64, kind: "steep" },
  readBack: ["rate", "batch"],
};

test("a trainer that adjusts is taken at its word, and held to it after its last step", () => {
  const values = new ValuesInForce();
  expect(values.begun("setup", told, answer, true)).toBeUndefined();
  // 32 bits make no other value.
  expect(values.used).toEqual({ rate: 0.1, batch: 64, kind: "steep" });
  expect(values.trained({ hyperparameters: { rate: 0.1, batch: 64 } })).toBeUndefined();
  expect(values.trained({ hyperparameters: { batch: 33 } })).toMatch(
    /^was told batch = 64; in force 64 before the first step, 33 after the last/,
  );
});

test("one that does not say that it adjusts fails, and hears that it could", () => {
  const found = new ValuesInForce().begun("setup", told, answer, false);
  expect(found).toMatch(/^has batch = 64 in force after setup, but was told 33; .*it adjusts$/);
});
