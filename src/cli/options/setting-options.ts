import { BadInputError } from "../../algorithm/problem.ts";
import type { Settings } from "../../experiment/settings.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { repeated, wholeNumber } from "./parsers.ts";

export const set = option(
  "--set <key=value>",
  "change a setting, such as budget.stepsPerMember=1000 or exploit=noExploit",
  repeated,
);
export const population = option("--population <n>", "how many members", wholeNumber());
export const seed = option("--seed <n>", "makes every draw repeatable", wholeNumber(0));

/** The options that change an experiment. */
export const settingOptions = [population, seed, set] as const;

export type SettingOptions = OptionsOf<typeof settingOptions>;

/**
 * The settings of `--set`, `--population` and `--seed`. A value is read as JSON if it is JSON, and
 * otherwise as text.
 */
export function settingsOf({ set = [], population, seed }: SettingOptions): Settings {
  const settings: Record<string, unknown> = {};
  for (const assignment of set) {
    const [, key, text] = /^([^=]+)=(.*)$/.exec(assignment) ?? [];
    if (key === undefined || text === undefined) {
      const remedy = "write for example budget.stepsPerMember=1000";
      throw new BadInputError([
        { path: "--set", value: assignment, rule: "must be key=value", remedy },
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
