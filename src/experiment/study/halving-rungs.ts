/**
 * A rung: the generation after which it comes, how many members reach it and how many continue.
 */
export interface Rung {
  readonly generation: number;
  readonly from: number;
  readonly keep: number;
}

/** At a rung one member of `reduction` goes on (Li et al. 2017, Hyperband, arXiv 1603.06560). */
const reduction = 3;

/**
 * Successive halving that spends as many generations as a population would: how many members
 * begin, and the rungs at which they end. The rungs lie at 1/3, 1/9, 1/27 ... of a member's
 * generations, as long as a member is left at the end. Less than the generations up to the first
 * rung stay unspent. `generations` need not be whole, since a member's last one may be cut.
 */
export function halvingRungs(
  population: number,
  generations: number,
): { readonly begin: number; readonly rungs: readonly Rung[] } {
  const budget = population * generations;
  for (
    let count = Math.floor(Math.log(generations) / Math.log(reduction) + 1e-9);
    count >= 1;
    count--
  ) {
    const ends = Array.from({ length: count + 1 }, (_, index) =>
      index === count ? generations : Math.round(generations / reduction ** (count - index)),
    );
    if (ends[0]! < 1) continue;
    // Generations for each member that begins: a third of those at a rung train up to the next.
    const each = ends.reduce(
      (sum, end, index) => sum + (end - (ends[index - 1] ?? 0)) / reduction ** index,
      0,
    );
    if (budget / each < reduction ** count) continue;
    const kept = ends
      .slice(1)
      .map((_, index) => Math.round(budget / each / reduction ** (index + 1)));
    const later = kept.reduce(
      (sum, keep, index) => sum + keep * (ends[index + 1]! - ends[index]!),
      0,
    );
    const begin = Math.floor((budget - later) / ends[0]!);
    const rungs = kept.map((keep, index) => ({
      generation: ends[index]!,
      from: kept[index - 1] ?? begin,
      keep,
    }));
    return { begin, rungs };
  }
  return { begin: population, rungs: [] };
}
