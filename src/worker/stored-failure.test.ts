import { expect, test } from "vitest";
import { TrainerError } from "../trainer/trainer-session.ts";
import { storedFailure } from "./stored-failure.ts";

test("an error of usual length is stored as it is, and told nobody", () => {
  const told: string[] = [];
  const stored = storedFailure(3, new TrainerError("out of memory", "at train.py:3"), (text) =>
    told.push(text),
  );
  expect(stored).toEqual({ message: "out of memory", stack: "at train.py:3" });
  expect(told).toEqual([]);
});

test("a long failure is stored with its two ends and where the rest is, and told whole", () => {
  const told: string[] = [];
  const message = `first ${"x".repeat(1_000_000)} last`;
  const detail = "😀".repeat(50_000);
  const stored = storedFailure(3, new TrainerError(message, detail), (text) => told.push(text));
  expect(stored.message).toMatch(
    /^first x+\.\.\. \(cut: all 1000011 characters are in the worker's log\) \.\.\.x+ last$/,
  );
  expect(stored.message.length).toBeLessThan(3_000);
  expect(stored.stack.length).toBeLessThan(21_000);
  expect(stored.stack.isWellFormed()).toBe(true);
  expect(told).toEqual([`member 3 failed: ${message}\n${detail}`]);
});
