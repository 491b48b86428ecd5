import { distance } from "fastest-levenshtein";

/** A remedy for an unknown name: the nearest known one, or all of them when none is near. */
export function nearest(name: string, known: readonly string[]): string {
  const best = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
  if (best === undefined) return "leave it out";
  if (distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(2, name.length / 3))
    return `did you mean "${best}"?`;
  return `known are ${known.join(", ")}`;
}
