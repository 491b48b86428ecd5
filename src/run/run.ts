import type { Experiment } from "../experiment/experiment.ts";
import type { RunResult } from "./run-result.ts";
import { type RunOptions, start } from "./start.ts";

/**
 * Runs an experiment to the end of its budget, with workers in this process: the short form of
 * `start`. Rejects when it cannot be started, when a store fails, and with a `RunFailedError` when
 * every member failed.
 *
 * A call of the trainer that waits for longer than `stepTimeoutSeconds` costs its generation. A
 * call that never yields, such as an endless loop, blocks the whole program. Only `clade run` can
 * end such a call, from another process.
 */
export async function run<H, M extends string, S, T>(
  experiment: Experiment<H, M, S, T>,
  options: RunOptions<H, M> = {},
): Promise<RunResult<H, M, S, T>> {
  const session = await start(experiment, options);
  return await session.result;
}
