import { expect, test } from "vitest";
import type { Experiment } from "../experiment/experiment.ts";
import { type WorkerOptions, workerProcesses } from "./worker-processes.ts";

const on = (options: WorkerOptions, population = 8, env: NodeJS.ProcessEnv = {}) => {
  const { count, environment } = workerProcesses({ population } as Experiment, options, env);
  return Array.from({ length: count }, (_, index) => environment(index).CUDA_VISIBLE_DEVICES);
};

test("each worker sees one GPU, and they are shared evenly", () => {
  expect(on({ gpus: ["0", "1"], membersPerGpu: 2 })).toEqual(["0", "1", "0", "1"]);
  expect(on({ gpus: ["0", "1", "GPU-8f6d/1"] })).toEqual(["0", "1", "GPU-8f6d/1"]);
});

test("no more workers than members, and as many as are asked for", () => {
  expect(on({ gpus: ["0", "1"], membersPerGpu: 8 }, 3)).toEqual(["0", "1", "0"]);
  expect(on({ gpus: ["0", "1"], membersPerGpu: 2, workers: 3 })).toEqual(["0", "1", "0"]);
});

test("without GPUs the variable is left as it is", () => {
  expect(on({ workers: 2 })).toEqual([undefined, undefined]);
});

test.each([
  [
    { membersPerGpu: 2 },
    "--members-per-gpu: 2 - has no effect without --gpus; name the GPUs, such as --gpus 0,1.",
  ],
  [
    { gpus: ["0", "1"], workers: 3 },
    "--workers: 3 - 2 GPUs with 1 member each take 2 workers; raise --members-per-gpu",
  ],
])("%j is refused", (options, message) => {
  expect(() => on(options)).toThrow(message);
});

test("numbers count within the GPUs that a scheduler has given to this process", () => {
  const env = { CUDA_VISIBLE_DEVICES: "4, 6,GPU-8f6d" };
  expect(on({ gpus: ["0", "2"] }, 8, env)).toEqual(["4", "GPU-8f6d"]);
  expect(on({ gpus: ["GPU-8f6d"] }, 8, env)).toEqual(["GPU-8f6d"]);
  expect(() => on({ gpus: ["3"] }, 8, env)).toThrow(
    "--gpus: 3 - CUDA_VISIBLE_DEVICES=4, 6,GPU-8f6d gives GPUs 0 to 2 to this process; name one",
  );
  expect(() => on({ gpus: ["0"] }, 8, { CUDA_VISIBLE_DEVICES: "" })).toThrow("no GPU here");
});
