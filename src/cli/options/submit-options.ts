import { option } from "../declare/option.ts";
import { settingOptions } from "./setting-options.ts";
import { storeOptions } from "./store-options.ts";
import { patience } from "./worker-options.ts";

export const submitOptions = [
  option("--run <run>", "more workers for a run that exists, instead of a new one"),
  ...storeOptions,
  patience,
  ...settingOptions,
] as const;
