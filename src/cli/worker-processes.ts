/** How many workers a machine gets, and what each of them sees of it. */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { BadInputError } from "../algorithm/problem.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Run } from "../population-store/population-store.ts";
import { collect } from "../worker/collector.ts";
import type { LocalWorkersOptions } from "../worker/local-workers.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Stores } from "./open-store.ts";
import { patienceWords } from "./settings.ts";

export interface WorkerOptions {
  readonly workers?: number;
  /** The names of the GPUs, as CUDA_VISIBLE_DEVICES takes them. */
  readonly gpus?: readonly string[];
  /** Members that train on one GPU at the same time. */
  readonly membersPerGpu?: number;
  /** How long nothing may succeed, in seconds. */
  readonly patience?: number;
}

export interface WorkerProcesses {
  readonly count: number;
  /** Variables that the worker of a number gets. */
  readonly environment: (index: number) => { readonly [name: string]: string };
  readonly patienceSeconds: number | undefined;
  readonly stepTimeoutSeconds: number;
}

/**
 * As many as are asked for, or as the GPUs take, or as there are cores, but no more than can have
 * a member each. Each has one GPU, and its share of the cores: libraries for numbers take all
 * cores otherwise, each of them, and all get slower.
 */
export function workerProcesses(
  { population, stepTimeoutSeconds }: Experiment,
  { workers, gpus, membersPerGpu, patience }: WorkerOptions,
): WorkerProcesses {
  if (membersPerGpu !== undefined && !gpus) {
    const remedy = "name the GPUs, such as --gpus 0,1";
    throw bad("--members-per-gpu", membersPerGpu, "says nothing without --gpus", remedy);
  }
  const places = gpus && gpus.length * (membersPerGpu ?? 1);
  if (workers !== undefined && places !== undefined && workers > places) {
    const rule = `${gpus!.length} GPUs with ${membersPerGpu ?? 1} member each take ${places} workers`;
    throw bad("--workers", workers, rule, "raise --members-per-gpu, or leave out --workers");
  }
  const cores = availableParallelism();
  const count = Math.min(workers ?? places ?? cores, population);
  const threads = String(Math.max(1, Math.floor(cores / count)));
  return {
    count,
    patienceSeconds: patience,
    stepTimeoutSeconds,
    environment: (index) => ({
      ...(process.env.OMP_NUM_THREADS === undefined && { OMP_NUM_THREADS: threads }),
      ...(gpus && { CUDA_VISIBLE_DEVICES: gpus[index % gpus.length]! }),
    }),
  };
}

/**
 * What `startLocalWorkers` needs to start them on a run, with more words for each on its command
 * line.
 */
export function localWorkers(
  stores: Stores,
  run: Run,
  workers: WorkerProcesses,
  more: (index: number) => readonly string[],
): LocalWorkersOptions {
  const { patienceSeconds } = workers;
  const words = [
    ...(stores.seenAt === undefined ? [] : ["--checkpoints", stores.seenAt]),
    ...patienceWords(patienceSeconds),
  ];
  return {
    ...workers,
    environment: (index) => ({ ...workers.environment(index), CLADE_STORE: stores.url }),
    run: run.id,
    populationStore: stores.population,
    command: {
      file: fileURLToPath(new URL("../../bin/start.js", import.meta.url)),
      arguments: (index) => ["worker", run.id, "--local", ...words, ...more(index)],
    },
    async removeLeftOvers() {
      await using checkpoints = await stores.checkpoints(run);
      await collect(stores.population, checkpoints, run.id);
    },
    interruptedCode: exitCodes.interrupted,
    setAsideCode: exitCodes.setAside,
  };
}

/** Parses `--gpus 0,1`. */
export function gpuNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  const isList =
    names.every((name) => /^[\w:/-]+$/.test(name)) && new Set(names).size === names.length;
  if (isList) return names;
  throw bad(
    "--gpus",
    text,
    "must be different GPUs with commas between them",
    "give for example --gpus 0,1",
  );
}

function bad(path: string, value: string | number, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value: String(value), rule, remedy }]);
}
