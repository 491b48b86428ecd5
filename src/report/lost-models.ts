/** Sentences about lost models that were better than the best one left. */
import { legibleLine } from "../algorithm/legible.ts";
import type { LostModel, RunNote } from "../population-store/population-store.ts";
import { number } from "./words.ts";

/** A line for each lost model, and one for what takes their place. */
export function lostModelLines(
  lost: readonly LostModel[] = [],
  instead: string | undefined,
): string[] {
  if (lost.length === 0) return [];
  const lines = lost.map(({ snapshot, score, why }) => {
    const scored = score === undefined ? "" : `, score ${number(score)}`;
    return `a better model is lost: snapshot ${snapshot}${scored}, because ${legibleLine(why)}`;
  });
  const place =
    instead === undefined
      ? "no model of the run is intact"
      : `snapshot ${instead}, the best intact model, takes its place`;
  return [...lines, place];
}

export function bestModelLine({
  best,
  snapshot,
  lost,
}: Extract<RunNote, { kind: "best-model" }>): string {
  if (lost.length === 0)
    return `the best model, snapshot ${best}, was read at the end of the run and is intact`;
  return lostModelLines(lost, snapshot).join("; ");
}
