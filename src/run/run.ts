import type { Experiment } from "../experiment/experiment.ts";
import type { RunResult } from "./run-result.ts";
import { type RunOptions, start } from "./start.ts";

/** The public `run`, on the host of the options. */
export async function run<H, M extends string, S, T>(
  experiment: Experiment<H, M, S, T>,
  options: RunOptions<H, M> = {},
): Promise<RunResult<H, M, S, T>> {
  const session = await start(experiment, options);
  return await session.result;
}
