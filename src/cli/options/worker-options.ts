import { BadInputError } from "../../algorithm/problem.ts";
import type { WorkerOptions } from "../../processes/worker-processes.ts";
import { option, type Parser } from "../declare/option.ts";
import { time, wholeNumber } from "./parsers.ts";

/** Parses `--gpus 0,1`. */
export const gpuNames: Parser<readonly string[]> = (text, flag) => {
  const names = text.split(",").map((name) => name.trim());
  const isList =
    names.every((name) => /^[\w:/-]+$/.test(name)) && new Set(names).size === names.length;
  if (isList) return names;
  const rule = "must be different GPUs with commas between them";
  throw new BadInputError([
    { path: flag, value: text, rule, remedy: "give for example --gpus 0,1" },
  ]);
};

export const workers = option("--workers <n>", "worker processes on this machine", wholeNumber());
export const gpus = option(
  "--gpus <list>",
  "GPUs of this machine, such as 0,1; each worker gets one",
  gpuNames,
);
export const membersPerGpu = option(
  "--members-per-gpu <n>",
  "members that train on one GPU at the same time (default: 1)",
  wholeNumber(),
);
export const patience = option(
  "--patience <time>",
  "how long to wait without any success before a worker exits or a member is given up, " +
    "such as 90s, 10m or 2h (default: 10m)",
  time,
);

/** The number of workers on this machine, and their patience. */
export const workerOptions = [workers, gpus, membersPerGpu, patience] as const;

type Resources = Pick<WorkerOptions, "workers" | "gpus" | "membersPerGpu" | "patience">;

const flags: { readonly [option in keyof Resources]: string } = {
  workers: "--workers",
  gpus: "--gpus",
  membersPerGpu: "--members-per-gpu",
  patience: "--patience",
};

/** What a run records of them, for its resumptions. */
export function resourcesOf(options: Resources): Resources | undefined {
  const given = Object.entries(options).filter(
    ([option, value]) => Object.hasOwn(flags, option) && value !== undefined,
  );
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** They depend on each other, so who gives one of them gives them all. */
const places = ["workers", "gpus", "membersPerGpu"] as const;

/** Those that a run was started with, but for what is given now, and a line that says so. */
export function keptResources(
  began: Resources = {},
  options: Resources,
): { readonly resources: Resources; readonly line: string | undefined } {
  const now = resourcesOf(options) ?? {};
  const kept = { ...began };
  if (places.some((option) => now[option] !== undefined))
    for (const option of places) delete kept[option];
  const resources: Resources = { ...kept, ...now };
  const parts = Object.entries(flags).flatMap(([option, flag]) => {
    const [old, given] = [began, resources].map((from) => from[option as keyof Resources]);
    if (old === undefined) return [];
    if (given === undefined) return `without ${flag} ${old}`;
    if (now[option as keyof Resources] === undefined) return `${flag} ${old} as before`;
    return String(given) === String(old) ? [] : `${flag} ${given} instead of ${old}`;
  });
  return { resources, line: parts.length === 0 ? undefined : parts.join(", ") };
}

/** The option that passes the patience to a worker, if it was given. */
export function patienceWords(seconds: number | undefined): readonly string[] {
  return seconds === undefined ? [] : ["--patience", String(seconds)];
}
