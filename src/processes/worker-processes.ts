/** The number of workers of a machine, and what each of them sees of it. */
import { availableParallelism } from "node:os";
import { BadInputError } from "../algorithm/problem.ts";
import type { Experiment } from "../experiment/experiment.ts";

export interface WorkerOptions {
  readonly workers?: number;
  /** The names of the GPUs, as CUDA_VISIBLE_DEVICES takes them. */
  readonly gpus?: readonly string[];
  /** Members that train on one GPU at the same time. */
  readonly membersPerGpu?: number;
  /** How long to wait without any success, in seconds. */
  readonly patience?: number;
}

export interface WorkerProcesses {
  readonly count: number;
  /** Environment variables of the worker with this number. */
  readonly environment: (index: number) => { readonly [name: string]: string };
  readonly patienceSeconds: number | undefined;
  readonly stepTimeoutSeconds: number;
}

/**
 * As many workers as requested, or as fit on the GPUs, or as there are cores, but at most one per
 * member. Each has one GPU and its share of the cores. Otherwise the numerical libraries of each
 * worker would use all cores, and all would get slower.
 */
export function workerProcesses(
  { population, stepTimeoutSeconds }: Experiment,
  { workers, gpus, membersPerGpu, patience }: WorkerOptions,
  env: NodeJS.ProcessEnv,
): WorkerProcesses {
  if (membersPerGpu !== undefined && !gpus) {
    const remedy = "name the GPUs, such as --gpus 0,1";
    throw bad("--members-per-gpu", membersPerGpu, "has no effect without --gpus", remedy);
  }
  const places = gpus && gpus.length * (membersPerGpu ?? 1);
  if (workers !== undefined && places !== undefined && workers > places) {
    const members = `${membersPerGpu ?? 1} member each`;
    const rule = `${gpus!.length} GPUs with ${members} take ${places} workers`;
    throw bad("--workers", workers, rule, "raise --members-per-gpu, or leave out --workers");
  }
  const devices = gpus && visibleOf(gpus, env.CUDA_VISIBLE_DEVICES);
  const cores = availableParallelism();
  const count = Math.min(workers ?? places ?? cores, population);
  const threads = String(Math.max(1, Math.floor(cores / count)));
  return {
    count,
    patienceSeconds: patience,
    stepTimeoutSeconds,
    environment: (index) => ({
      ...(env.OMP_NUM_THREADS === undefined && { OMP_NUM_THREADS: threads }),
      ...(devices && { CUDA_VISIBLE_DEVICES: devices[index % devices.length]! }),
    }),
  };
}

/**
 * A scheduler may have given this process some of the machine's GPUs: numbers count within those,
 * as they do for every program that sees them. Other names are those of GPUs.
 */
function visibleOf(gpus: readonly string[], given: string | undefined): readonly string[] {
  if (given === undefined) return gpus;
  const visible = given.split(",").flatMap((name) => name.trim() || []);
  return gpus.map((name) => {
    const device = /^\d+$/.test(name) ? visible[Number(name)] : name;
    if (device !== undefined) return device;
    const rule =
      visible.length === 0
        ? "CUDA_VISIBLE_DEVICES is empty, so there is no GPU here"
        : `CUDA_VISIBLE_DEVICES=${given} gives GPUs 0 to ${visible.length - 1} to this process`;
    throw bad("--gpus", name, rule, "name one of those, or give --workers instead");
  });
}

function bad(path: string, value: string | number, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value: String(value), rule, remedy }]);
}
