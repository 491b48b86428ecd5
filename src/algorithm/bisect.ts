/**
 * The first place from `low` up to `high` at which `holds`, in a list in which it holds from some
 * place on; `high` where it never does.
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
