/**
 * Whether our numbers agree with a reference that is known only as one number over some seeds.
 * Two programs that do the same still differ by chance, so the difference is held against what
 * chance does: our results are resampled into pairs, one of our size and one of the reference's,
 * and the reference agrees when it is no further from us than 99% of the pairs are from each
 * other, its rounding added.
 */
import { randomStream } from "clade";

export type Statistic = (values: readonly number[]) => number;

export interface Reference {
  /** As it is written at its source, such as "1.171" or "13%", so that its rounding is known. */
  readonly written: string;
  readonly seeds: number;
  readonly better: "higher" | "lower";
}

export const criterion =
  "`agrees`: the reference is no further from our number than 99% of pairs of resamples of our " +
  "seeds (one of our size, one of the reference's) are from each other, plus the rounding of " +
  "the reference; or our number is better.";

/** A number of ours: the statistic over all seeds. */
export interface Agreement {
  readonly ours: number;
  readonly verdict: "yes" | "yes (better)" | "no";
}

export function agreement(
  values: readonly number[],
  statistic: Statistic,
  { written, seeds, better }: Reference,
): Agreement {
  const ours = statistic(values);
  const { value, rounding } = parsed(written);
  if (Math.abs(ours - value) <= chance(values, statistic, seeds) + rounding)
    return { ours, verdict: "yes" };
  const isBetter = better === "higher" ? ours > value : ours < value;
  return { ours, verdict: isBetter ? "yes (better)" : "no" };
}

export const mean: Statistic = (values) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Linear between neighbours, as NumPy does it. */
export function quantile(share: number): Statistic {
  return (values) => {
    const sorted = Float64Array.from(values).sort();
    const place = share * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    const high = sorted[Math.ceil(place)]!;
    return low === high ? low : low + (place % 1) * (high - low);
  };
}

export const median = quantile(0.5);

function parsed(written: string): { value: number; rounding: number } {
  const percent = written.endsWith("%");
  const digits = percent ? written.slice(0, -1) : written;
  const decimals = digits.split(".")[1]?.length ?? 0;
  const scale = percent ? 100 : 1;
  return { value: Number(digits) / scale, rounding: 0.5 / 10 ** decimals / scale };
}

/** The difference between the statistics of two resamples that only 1 pair in 100 exceeds. */
function chance(values: readonly number[], statistic: Statistic, seeds: number): number {
  const random = randomStream("agreement");
  const resample = (count: number) => Array.from({ length: count }, () => random.pick(values));
  const differences = Array.from({ length: 1000 }, () =>
    Math.abs(statistic(resample(values.length)) - statistic(resample(seeds))),
  );
  const exceeded = quantile(0.99)(differences.filter((difference) => !Number.isNaN(difference)));
  return Number.isNaN(exceeded) ? 0 : exceeded;
}
