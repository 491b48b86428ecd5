import { option } from "../declare/option.ts";

/** The options for comparisons. */
export const comparisonOptions = [
  option(
    "--metric <name>",
    "compare by this metric of the best models (default: the held-out one, or the score)",
  ),
  option("--baseline <name>", "the method or variant to compare with (default: the study's)"),
  option("--same-data", "say that different trainers train and are scored on the same data"),
] as const;
