import type { HyperparameterValue } from "../algorithm/snapshot.ts";
import type { ExperimentDescription } from "../experiment/experiment.ts";
import type { Scale } from "../experiment/search-space/scale.ts";

/**
 * The scale on which a hyperparameter's values are shown: the declared one, if the values allow
 * it. For runs that have not recorded it, numbers above 0 that span a factor of 100 get a log
 * scale.
 */
export function scaleOfValues(
  name: string,
  values: Iterable<HyperparameterValue>,
  { scales }: Pick<ExperimentDescription, "scales">,
): Scale {
  const declared = scales && Object.hasOwn(scales, name) ? scales[name] : undefined;
  if (declared === "categories") return declared;
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (typeof value !== "number") return "categories";
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low <= 0) return "linear";
  return declared ?? (high / low >= 100 ? "log" : "linear");
}
