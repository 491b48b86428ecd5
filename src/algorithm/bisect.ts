/**
 * The first place from `low` to `high` at which `holds` is true, in a list in which it stays true
 * from there on. `high` if it is never true.
 */
export function firstPlace<T>(
  items: readonly T[],
  holds: (item: T) => boolean,
  low = 0,
  high = items.length,
): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(items[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
}
