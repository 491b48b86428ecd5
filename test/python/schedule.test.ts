import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ScheduleSegment } from "../../src/algorithm/schedule.ts";
import { scheduleAs } from "../../src/analysis/schedule-formats.ts";
import { python, withoutPython } from "./python.ts";

const odd = 'quote " backslash \\ line\nend \u2028 ünï 😀 {braces} \'\'\' """';
const segments: readonly ScheduleSegment[] = [
  { fromStep: 0, toStep: 10, member: 0, hyperparameters: { rate: 0.1 + 0.2, on: true, [odd]: 1 } },
  {
    fromStep: 10,
    toStep: 20,
    member: 1,
    hyperparameters: { rate: 0.1 + 0.2, on: true, [odd]: 1 },
  },
  { fromStep: 20, toStep: 30, member: 1, hyperparameters: { rate: 5e-324, on: false, kind: odd } },
];

/** Runs Python with the schedule as the module `schedule`, and parses its output as JSON. */
function inPython(code: string): unknown {
  const place = mkdtempSync(join(tmpdir(), "clade-schedule-"));
  try {
    writeFileSync(join(place, "schedule.py"), scheduleAs("python", segments, `run "${odd}"`));
    const program = `import json, schedule\n${code}`;
    const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    return JSON.parse(
      execFileSync(python, ["-c", program], { cwd: place, env: environment, encoding: "utf8" }),
    );
  } finally {
    rmSync(place, { recursive: true });
  }
}

describe.skipIf(withoutPython)(`a schedule as Python (${withoutPython ?? python})`, () => {
  test("gives the hyperparameters of every step exactly, with any name and text", () => {
    const steps = "[0, 9, 10, 19, 20, 29]";
    expect(
      inPython(`print(json.dumps([schedule.hyperparameters_at(s) for s in ${steps}]))`),
    ).toEqual([0, 0, 1, 1, 2, 2].map((index) => segments[index]!.hyperparameters));
  });

  test("keeps the last hyperparameters beyond its end, and refuses a step below 0", () => {
    expect(inPython("print(json.dumps(schedule.hyperparameters_at(1000)['rate']))")).toBe(5e-324);
    const refused =
      "try: schedule.hyperparameters_at(-1)\nexcept ValueError as e: print(json.dumps(str(e)))";
    expect(inPython(refused)).toBe("step -1: must be 0 or more");
  });

  test("is not changed by a caller who changes what it gave", () => {
    const changed =
      "schedule.hyperparameters_at(0)['rate'] = 0\n" +
      "print(json.dumps(schedule.hyperparameters_at(0)['rate']))";
    expect(inPython(changed)).toBe(0.1 + 0.2);
  });

  test("says what it is a schedule of", () => {
    expect(inPython("print(json.dumps(schedule.__doc__))")).toContain(`run "${odd}"`);
  });
});
