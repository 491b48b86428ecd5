import { expect, test } from "vitest";
import type { ScheduleSegment } from "../algorithm/schedule.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { scheduleAs } from "./schedule-formats.ts";

function segment(
  fromStep: number,
  toStep: number,
  member: number,
  hyperparameters: Hyperparameters,
): ScheduleSegment {
  return { fromStep, toStep, member, hyperparameters };
}

const segments = [
  segment(0, 10, 3, { rate: 0.1, "weight decay": 1e-7 }),
  segment(10, 20, 3, { rate: 0.1, "weight decay": 1e-7 }),
  segment(20, 30, 5, { rate: -0.5, optimizer: "=sgd" }),
];

test("a schedule as JSON is its segments", () => {
  expect(JSON.parse(scheduleAs("json", segments, "run a"))).toEqual(segments);
});

test("CSV has a row per segment, and empty cells where a hyperparameter does not apply", () => {
  expect(scheduleAs("csv", segments, "run a").split("\r\n")).toEqual([
    "from_step,to_step,member,rate,weight decay,optimizer",
    "0,10,3,0.1,1e-7,",
    "10,20,3,0.1,1e-7,",
    "20,30,5,-0.5,,'=sgd",
    "",
  ]);
});

test("in Python, neighbouring segments with equal hyperparameters are one", () => {
  const text = scheduleAs("python", segments, "run a");
  expect(text).toContain('    (0, 20, {"rate": 0.1, "weight decay": 1e-7}),\n    (20, 30, {');
  expect(text).toContain("The hyperparameter schedule of run a");
});
