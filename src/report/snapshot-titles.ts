import type { SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { memberOf, ordinalOf, snapshotId } from "../algorithm/snapshot.ts";
import { earnedScore } from "../analysis/curves.ts";
import type { RunHistory } from "../analysis/run-history.ts";
import { count, number } from "./words.ts";

/** A snapshot in a sentence, with the reason where a decision made it. */
export function snapshotTitles({
  decisions,
  run,
}: RunHistory): (snapshot: TreeSnapshot) => string {
  const { metric } = run.experiment.objective;
  // A decision is about the snapshot before the one that it made.
  const byResult = new Map(
    decisions.map((decision) => {
      const result: SnapshotId = snapshotId(decision.member, ordinalOf(decision.snapshot) + 1);
      return [result, decision] as const;
    }),
  );
  return (snapshot) => {
    const { id, member, generation, step, kind, donor } = snapshot;
    const place = `generation ${count(generation)}, step ${count(step)}`;
    if (kind === "trained" || kind === "evaluated") {
      const score = number(earnedScore(snapshot));
      return `member ${member}, ${place}, ${metric} ${score} (snapshot ${id})`;
    }
    const what =
      donor === undefined ? kind : `copied member ${memberOf(donor)} (snapshot ${donor})`;
    const reason = byResult.get(id)?.reason.text;
    return `member ${member}, ${place}: ${what}${reason === undefined ? "" : `: ${reason}`}`;
  };
}
