import { argument } from "../declare/argument.ts";
import { option } from "../declare/option.ts";
import { settingOptions } from "./setting-options.ts";
import { storeOptions } from "./store-options.ts";
import { patience } from "./worker-options.ts";

/** For a new run, or for one that exists. */
export const experimentArgument = argument(
  "[experiment]",
  "the experiment's file; a run is created for it",
);

export const submitOptions = [
  option("--run <run>", "more workers for a run that exists, instead of a new one"),
  ...storeOptions,
  patience,
  ...settingOptions,
] as const;
