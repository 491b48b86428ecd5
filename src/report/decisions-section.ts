import { type Decision, resultOf } from "../algorithm/population-based-training.ts";
import type { SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { nameOf, whatWasCopied } from "../analysis/what-was-copied.ts";
import type { GroupOf } from "../experiment/groups.ts";
import { type DecisionCounts, isNotable } from "../population-store/decisions.ts";
import { html, type Markup } from "./html.ts";
import { type Section, tableElement } from "./page.ts";
import type { RunData } from "./run-data.ts";
import { changes, count, number, plural } from "./words.ts";

const inWords = new Intl.ListFormat("en-GB");

/** More rows would make the page slow to read and to open. */
const maxRows = 1_000;
/** The rows that are visible without opening the rest. */
const openRows = 25;

/**
 * Which members copied, restarted or ended early, and why, the latest first. Decisions to keep
 * training are only counted.
 */
export function decisionsSection({ history, bestLineage, groupOf }: RunData): Section {
  const section = { id: "decisions", heading: "Decisions" };
  const { decisions, snapshots, totals } = history;
  const told = decisions.filter(isNotable);
  const total = totalOf(totals.decisions);
  if (told.length === 0) {
    const { keep = 0 } = totals.decisions;
    const none =
      keep === 0
        ? "Nothing has been decided yet."
        : `No member copied another in ${plural(keep, "decision")}.`;
    return { ...section, content: [html`<p class="none">${none}</p>`] };
  }
  const best = new Set(bestLineage.map(({ id }) => id));
  const shown = told.toReversed().slice(0, maxRows);
  const named = new Set(
    shown.flatMap((decision) => [decision.snapshot, decision.donor, resultOf(decision)]),
  );
  const byId = new Map<SnapshotId | undefined, TreeSnapshot>();
  for (const snapshot of snapshots) if (named.has(snapshot.id)) byId.set(snapshot.id, snapshot);
  const rows = shown.map((decision) => row(decision, byId, best, groupOf));
  const metric = history.run.experiment.objective.metric;
  const table = (given: typeof rows) =>
    tableElement(
      ["generation", "step", "who", metric, "why", "changed"],
      given,
      new Set(["generation", "step"]),
    );
  const cap =
    totals.notable > shown.length
      ? ` Here are the latest ${count(shown.length)} of ${count(totals.notable)}; ` +
        `clade export ${history.run.id} writes them all.`
      : "";
  const mark = shown.some((decision) => best.has(resultOf(decision)))
    ? html` <span class="mark">★</span> marks those in the lineage of the best model.`
    : undefined;
  const rest = rows.slice(openRows);
  return {
    ...section,
    content: [
      html`<p>${total} The latest are first.${cap}${mark}</p>`,
      table(rows.slice(0, openRows)),
      ...(rest.length > 0
        ? [html`<details><summary>${count(rest.length)} earlier</summary>${table(rest)}</details>`]
        : []),
    ],
  };
}

/**
 * "2 copies and 1 early end in 9 decisions; in the other 6 the member kept its own weights."
 */
function totalOf(counts: DecisionCounts): string {
  const number = (wanted: Decision["kind"]) => counts[wanted] ?? 0;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const restarts = number("restart");
  const stops = number("stop");
  const kept = number("keep");
  const parts = [
    plural(number("copy"), "copy", "copies"),
    ...(restarts > 0 ? [plural(restarts, "fresh start")] : []),
    ...(stops > 0 ? [plural(stops, "early end")] : []),
  ];
  const others = kept === 1 ? "in 1 other" : `in the other ${count(kept)}`;
  const rest = kept > 0 ? `; ${others} the member kept its own weights` : "";
  return `${inWords.format(parts)} in ${plural(total, "decision")}${rest}.`;
}

function row(
  decision: Decision,
  byId: ReadonlyMap<SnapshotId | undefined, TreeSnapshot>,
  best: ReadonlySet<SnapshotId>,
  groupOf: GroupOf,
): readonly (Markup | string)[] {
  const { donor, generation, reason } = decision;
  const before = byId.get(decision.snapshot);
  const from = byId.get(donor);
  const after = byId.get(resultOf(decision));
  const mark = best.has(resultOf(decision))
    ? html`<span class="mark" title="in the lineage of the best model">★</span> `
    : undefined;
  return [
    count(generation),
    before ? count(before.step) : "",
    html`${mark}${who(decision, after, groupOf)}`,
    before && from
      ? `${number(before.score)} against ${number(from.score)}`
      : number(before?.score),
    reason.text,
    before && after ? changes(before.hyperparameters, after.hyperparameters) : "",
  ];
}

function who(decision: Decision, after: TreeSnapshot | undefined, groupOf: GroupOf): string {
  const { kind, donor } = decision;
  const member = nameOf(decision.member, groupOf);
  if (kind === "stop") return `${member} ended early`;
  if (donor === undefined) return member;
  if (kind === "restart")
    return `${member} restarted near the hyperparameters of snapshot ${donor}`;
  return `${member} copied ${whatWasCopied(decision, after, groupOf)}`;
}
