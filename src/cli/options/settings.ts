import { InvalidArgumentError } from "commander";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Settings } from "../../experiment/experiment.ts";

export interface SettingOptions {
  readonly set?: readonly string[];
  readonly population?: number;
  readonly seed?: number;
}

/**
 * The settings of `--set`, `--population` and `--seed`. A value is read as JSON where it is JSON,
 * and as text otherwise.
 */
export function settingsOf({ set = [], population, seed }: SettingOptions): Settings {
  const settings: Record<string, unknown> = {};
  for (const assignment of set) {
    const [, key, text] = /^([^=]+)=(.*)$/.exec(assignment) ?? [];
    if (key === undefined || text === undefined) {
      throw new BadInputError([
        {
          path: "--set",
          value: assignment,
          rule: "must be key=value",
          remedy: "write for example budget.stepsPerMember=1000",
        },
      ]);
    }
    settings[key] = parsed(text);
  }
  if (population !== undefined) settings.population = population;
  if (seed !== undefined) settings.seed = seed;
  return settings;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const secondsOf: { readonly [unit: string]: number } = { "": 1, s: 1, m: 60, h: 3600 };

/** Parses an option's time, such as 90, 90s, 10m or 2h, in seconds. */
export function timeIn(option: string): (text: string) => number {
  return (text) => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text.trim()) ?? [];
    if (amount !== undefined && unit !== undefined) return Number(amount) * secondsOf[unit]!;
    throw new InvalidArgumentError(
      `${option} must be a time in seconds, or one such as 90s, 10m or 2h.`,
    );
  };
}

/** The option that tells a worker how patient it is, if that was said. */
export function patienceWords(seconds: number | undefined): readonly string[] {
  return seconds === undefined ? [] : ["--patience", String(seconds)];
}

/** Parses an option's whole number. */
export function wholeNumber(option: string, least = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`${option} must be a whole number of at least ${least}.`);
  };
}
