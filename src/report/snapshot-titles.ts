import { resultOf } from "../algorithm/population-based-training.ts";
import type { TreeSnapshot } from "../algorithm/snapshot.ts";
import { earnedScore } from "../analysis/curves.ts";
import type { RunHistory } from "../analysis/run-history.ts";
import { nameOf, whatWasCopied } from "../analysis/what-was-copied.ts";
import { groupsOf } from "../experiment/groups.ts";
import { count, number } from "./words.ts";

/** A snapshot in a sentence, with the reason where a decision made it. */
export function snapshotTitles({
  decisions,
  run,
}: RunHistory): (snapshot: TreeSnapshot) => string {
  const { metric } = run.experiment.objective;
  const groupOf = groupsOf(run.experiment);
  // A decision is about the snapshot before the one that it made.
  const byResult = new Map(decisions.map((decision) => [resultOf(decision), decision] as const));
  return (snapshot) => {
    const { id, generation, step, kind } = snapshot;
    const member = nameOf(snapshot.member, groupOf);
    const place = `generation ${count(generation)}, step ${count(step)}`;
    if (kind === "trained" || kind === "evaluated") {
      const score = number(earnedScore(snapshot));
      return `${member}, ${place}, ${metric} ${score} (snapshot ${id})`;
    }
    const decision = byResult.get(id);
    const copied =
      decision?.kind === "copy" ? whatWasCopied(decision, snapshot, groupOf) : undefined;
    const what = copied ? `copied ${copied} (snapshot ${decision!.donor})` : kind;
    const reason = decision?.reason.text;
    return `${member}, ${place}: ${what}${reason === undefined ? "" : `: ${reason}`}`;
  };
}
