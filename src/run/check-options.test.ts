import { run, start } from "clade";
import { describe, expect, test } from "vitest";
import { climbing, fewClimbers as experiment } from "./climbing.test-support.ts";

describe("options are checked as declarations are", () => {
  test.each([
    [{ workers: 0 }, "workers: 0 - must be a whole number of at least 1"],
    [{ workers: 1.5 }, "workers: 1.5 - must be a whole number of at least 1"],
    [{ seed: "x" }, 'seed: "x" - must be a whole number of at least 0'],
    [{ seed: -1 }, "seed: -1 - must be a whole number of at least 0"],
    [{ sed: 1 }, 'sed: 1 - is not an option; did you mean "seed"?'],
    [{ patienceSeconds: -1 }, "patienceSeconds: -1 - must be a number of seconds from 0 on"],
    [{ control: "random" }, 'control: "random" - is not a control; known are random-search,'],
    [{ checkpoints: "./here" }, 'checkpoints: "./here" - must be a function'],
    [{ populationStore: {} }, "populationStore: {} - must be a population store"],
    [{ signal: {} }, "signal: {} - must be an AbortSignal"],
    [{ onEvent: 3 }, "onEvent: 3 - must be a function"],
  ])("%j", async (options, message) => {
    await expect(start(experiment, options as object)).rejects.toThrow(message);
  });

  test("all at once", async () => {
    const wrong = { workers: 0, seed: "x", sed: 1 } as object;
    await expect(run(experiment, wrong)).rejects.toMatchObject({
      problems: [{ path: "workers" }, { path: "seed" }, { path: "sed" }],
    });
  });

  test("options that are none, and a host that is left out", async () => {
    const message = "must be an object of options";
    await expect(start(experiment, null as never)).rejects.toThrow(message);
    await expect(start(experiment, 5 as never)).rejects.toThrow(message);
    const left = { host: undefined, threads: 1 } as object;
    await expect(start(experiment, left)).rejects.toThrow("give module: new URL");
  });

  test("an experiment that is none", async () => {
    await expect(start(climbing as never)).rejects.toThrow("is not an experiment; give what");
    await expect(start(undefined as never)).rejects.toThrow("is not an experiment; give what");
  });
});
