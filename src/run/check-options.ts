/** Options of a program's run are checked as declarations are: all mistakes at once, by name. */
import { nearest } from "../algorithm/nearest.ts";
import { BadInputError, type Mistake, type Problem } from "../algorithm/problem.ts";
import { show } from "../algorithm/show.ts";

/** What is wrong with a value that was given. */
type Check = (value: unknown) => Mistake | undefined;

const must =
  (isRight: (value: unknown) => boolean, rule: string, remedy: string): Check =>
  (value) =>
    isRight(value) ? undefined : { rule, remedy };

const has = (value: unknown, name: string) =>
  typeof value === "object" && value !== null && name in value;

const aFunction = (remedy: string) =>
  must((value) => typeof value === "function", "must be a function", remedy);

const checks = {
  populationStore: must(
    (value) => has(value, "claimMember"),
    "must be a population store",
    "give what memoryPopulationStore() or sqlitePopulationStore() returns",
  ),
  checkpoints: aFunction("give a function that makes a run's checkpoint store"),
  workers: must(
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
    "must be a whole number of at least 1",
    "leave it out for one worker",
  ),
  threads: must(
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
    "must be a whole number of at least 1",
    "leave it out to train in this thread",
  ),
  module: must(
    (value) => typeof value === "string" || value instanceof URL,
    "must be the URL of a module",
    'give new URL("./experiment.ts", import.meta.url)',
  ),
  startThread: aFunction("give a function that returns a Web Worker"),
  host: must(
    (value) => typeof value === "object" && value !== null,
    "must be what the program can do where it runs",
    "leave it out",
  ),
  signal: must((value) => has(value, "aborted"), "must be an AbortSignal", "give its signal"),
  patienceSeconds: must(
    (value) => typeof value === "number" && value >= 0,
    "must be a number of seconds from 0 on",
    "leave it out for ten minutes",
  ),
  seed: must(
    (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    "must be a whole number of at least 0",
    "give a seed such as 1, or leave it out",
  ),
  study: must((value) => has(value, "variant"), "must be a place in a study", "leave it out"),
  control: must(
    (value) => typeof value === "string",
    "must be the name of a control",
    'use "random-search" or "selection-only"',
  ),
  onEvent: aFunction("give a function that takes an event"),
  experiment: must(
    (value) => has(value, "declaration"),
    "is not an experiment",
    "give what defineExperiment returns",
  ),
} satisfies { readonly [option: string]: Check };

export type OptionName = keyof typeof checks;

/**
 * Throws a `BadInputError` with everything that is wrong, among it names that are not known. An
 * option that is undefined counts as left out.
 */
export function requireOptions(given: unknown, known: readonly OptionName[]): void {
  if (typeof given !== "object" || given === null) {
    const remedy = `give an object with ${known.join(", ")}`;
    const rule = "must be an object of options";
    throw new BadInputError([{ path: "options", value: show(given), rule, remedy }]);
  }
  const problems = Object.entries(given).flatMap(([path, value]): Problem[] => {
    if (value === undefined) return [];
    const name = known.find((each) => each === path);
    const mistake = name
      ? checks[name](value)
      : { rule: "is not an option", remedy: nearest(path, known) };
    return mistake ? [{ path, value: show(value), ...mistake }] : [];
  });
  if (problems.length > 0) throw new BadInputError(problems);
}

/** A program in JavaScript may give anything, or nothing, where a value is needed. */
export function requireRight(path: OptionName, value: unknown): void {
  const mistake = checks[path](value);
  if (mistake) throw new BadInputError([{ path, value: show(value), ...mistake }]);
}
