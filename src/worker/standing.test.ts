import { expect, test } from "vitest";
import type { Failure, WorkerId } from "../population-store/population-store.ts";
import { countOf, placeOf } from "./standing.ts";

const failureOn = (worker: string, device?: string): Failure => ({
  member: 0,
  generation: 1,
  worker: worker as WorkerId,
  ...(device !== undefined && { device }),
  cause: "trainer",
  against: "member",
  at: 0,
  message: "",
  stack: "",
});

test("failures count from two places; two workers of one host and device are one", () => {
  const others = new Set([placeOf({ worker: "third:1:1" as WorkerId })]);
  const count = (...failures: readonly Failure[]) =>
    countOf({ failures, rescues: 0 }, { patienceMs: 600_000, others });
  expect(count(failureOn("a:1:1"), failureOn("a:2:2"))).toBe(0);
  expect(count(failureOn("a:1:1", "0"), failureOn("a:2:2", "0"))).toBe(0);
  expect(count(failureOn("a:1:1", "0"), failureOn("a:2:2", "1"))).toBe(2);
  expect(count(failureOn("a:1:1"), failureOn("b:1:1"))).toBe(2);
});
