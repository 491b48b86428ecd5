import { BadInputError } from "clade";
import { expect, test } from "vitest";
import { gpuNames, keptResources, resourcesOf } from "./worker-options.ts";

const parsed = (text: string) => gpuNames(text, "--gpus", undefined);

test("GPUs are named with commas between them", () => {
  expect(parsed("0, 1,GPU-8f6d/1")).toEqual(["0", "1", "GPU-8f6d/1"]);
});

test.each(["", "0,,1", "0,0", "0 1"])("--gpus %j is refused", (text) => {
  expect(() => parsed(text)).toThrow(BadInputError);
});

test("a run records what was asked for, and nothing else", () => {
  expect(resourcesOf({ workers: 2, gpus: ["0", "1"] })).toEqual({ workers: 2, gpus: ["0", "1"] });
  expect(resourcesOf({})).toBeUndefined();
});

test("a resumption keeps it, and says what is kept and what is not", () => {
  const before = { workers: 4, gpus: ["0", "1"], membersPerGpu: 2 };
  expect(keptResources(before, {})).toEqual({
    resources: before,
    line: "--workers 4 as before, --gpus 0,1 as before, --members-per-gpu 2 as before",
  });
  // They depend on each other.
  expect(keptResources({ ...before, patience: 9 }, { workers: 2 })).toEqual({
    resources: { workers: 2, patience: 9 },
    line:
      "--workers 2 instead of 4, without --gpus 0,1, without --members-per-gpu 2, " +
      "--patience 9 as before",
  });
  expect(keptResources(undefined, { workers: 2 })).toEqual({
    resources: { workers: 2 },
    line: undefined,
  });
});
