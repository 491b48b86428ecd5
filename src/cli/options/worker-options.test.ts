import { BadInputError } from "clade";
import { expect, test } from "vitest";
import { gpuNames } from "./worker-options.ts";

const parsed = (text: string) => gpuNames(text, "--gpus", undefined);

test("GPUs are named with commas between them", () => {
  expect(parsed("0, 1,GPU-8f6d/1")).toEqual(["0", "1", "GPU-8f6d/1"]);
});

test.each(["", "0,,1", "0,0", "0 1"])("--gpus %j is refused", (text) => {
  expect(() => parsed(text)).toThrow(BadInputError);
});
