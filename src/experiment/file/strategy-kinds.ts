/**
 * The ready, exploit and explore strategies in an experiment file: `{ truncationSelection: {
 * fraction: 0.25 } }`.
 */
import { z } from "zod";
import type { Exploit } from "../../algorithm/exploit/exploit.ts";
import type { Explore } from "../../algorithm/explore/explore.ts";
import { mistake } from "../../algorithm/mistake.ts";
import { nearest } from "../../algorithm/nearest.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { atSteps, stepList } from "../../algorithm/ready/at-steps.ts";
import { everySeconds, seconds } from "../../algorithm/ready/every-seconds.ts";
import { everySteps, steps } from "../../algorithm/ready/every-steps.ts";
import { burnInSteps, type Ready } from "../../algorithm/ready/ready.ts";
import { show } from "../../algorithm/show.ts";
import { exploits, explores, type StrategiesByName } from "../strategies-by-name.ts";
import { type Kinds, kind, readKind } from "./kind.ts";

const readyKinds: Kinds<Ready> = {
  everySteps: kind(
    "A generation is a number of training steps.",
    { everySteps: steps, burnInSteps },
    ({ everySteps: steps, ...options }) => everySteps(steps, options),
  ),
  everySeconds: kind(
    "A generation is a time, so fast members train more steps in it.",
    { everySeconds: seconds, burnInSteps },
    ({ everySeconds: seconds, ...options }) => everySeconds(seconds, options),
  ),
  atSteps: kind(
    "Generations end at these steps.",
    { atSteps: stepList, burnInSteps },
    ({ atSteps: steps, ...options }) => atSteps(steps, options),
  ),
};

const exploitKinds = kindsOf<Exploit>(exploits, {
  truncationSelection:
    "A member in the bottom fraction of the population copies a random member of the top fraction.",
  tTestSelection:
    "A member copies a random opponent whose mean of samples is better, by Welch's t-test.",
  binaryTournament: "A member copies a random opponent whose score is better.",
  noExploit: "Nobody copies anybody: random search.",
  successiveHalving: "At each rung the best members go on and the others end.",
  sequential: "One model after another, each from the best hyperparameters so far.",
});

const exploreKinds = kindsOf<Explore>(explores, {
  perturb: "Each hyperparameter is moved by a factor, or now and then drawn anew.",
  resample: "Each hyperparameter is drawn anew with a probability.",
  noExplore: "Hyperparameters stay as they are: selection only.",
  followSchedule: "Hyperparameters follow a schedule, step by step.",
});

export const readySchema = z.union(Object.values(readyKinds).map(({ schema }) => schema));
export const exploitSchema = schemaOf(exploitKinds);
export const exploreSchema = schemaOf(exploreKinds);

export function readReady(form: unknown, problems: Problem[]): Ready | undefined {
  const words = {
    isNone: "is no ready strategy",
    example: "{ everySteps: 200 } or { everySeconds: 30 }",
  };
  return readKind("ready", form, readyKinds, words, problems);
}

export const readExploit = reader("exploit", exploitKinds);
export const readExplore = reader("explore", exploreKinds);

function kindsOf<F>(
  strategies: StrategiesByName<F>,
  descriptions: Record<string, string>,
): Kinds<F> {
  const entries = Object.entries(strategies).map(([name, make]) => {
    const first = Object.keys(make.shape)[0];
    const example = first === undefined ? "{}" : `options by name, such as { ${first}: ... }`;
    const options = z.strictObject(make.shape, mistake("must be an object", `give ${example}`));
    return [
      name,
      kind(descriptions[name] ?? name, { [name]: options }, (form) => make(form[name] as never)),
    ] as const;
  });
  return Object.fromEntries(entries);
}

function schemaOf(kinds: Kinds<unknown>) {
  const withDefaults = Object.entries(kinds)
    .filter(([name, { schema }]) => schema.safeParse({ [name]: {} }).success)
    .map(([name, { schema }]) => z.literal(name).describe(schema.description ?? name));
  return z.union([...withDefaults, ...Object.values(kinds).map(({ schema }) => schema)]);
}

/** Reads a strategy by its name alone, or by its name with options. */
function reader<F>(path: string, kinds: Kinds<F>) {
  const isNone = `is no built-in ${path} strategy`;
  const names = Object.keys(kinds);
  const words = { isNone, example: `one of ${names.join(", ")}` };
  return (form: unknown, problems: Problem[]): F | undefined => {
    if (typeof form !== "string") return readKind(path, form, kinds, words, problems);
    if (names.includes(form)) return readKind(path, { [form]: {} }, kinds, words, problems);
    problems.push({ path, value: show(form), rule: isNone, remedy: nearest(form, names) });
    return undefined;
  };
}
