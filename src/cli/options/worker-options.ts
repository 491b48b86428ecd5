import { BadInputError } from "../../algorithm/problem.ts";
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

/** The option that passes the patience to a worker, if it was given. */
export function patienceWords(seconds: number | undefined): readonly string[] {
  return seconds === undefined ? [] : ["--patience", String(seconds)];
}
