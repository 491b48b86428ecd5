import type { Decision } from "../algorithm/population-based-training.ts";
import { memberOf, ordinalOf, type Snapshot, type SnapshotId, snapshotId } from "../algorithm/snapshot.ts";
import { isNotable } from "../population-store/decisions.ts";
import { html, type Markup } from "./html.ts";
import { type Section, tableElement } from "./page.ts";
import type { RunData } from "./run-data.ts";
import { changes, count, number, plural } from "./words.ts";

const inWords = new Intl.ListFormat("en-GB");

/** A page with more would be slow to read and to open. */
const mostRows = 1_000;
/** These are seen without opening the rest. */
const openRows = 25;

/** Who copied whom, began anew or ended early, and why, the latest first. Decisions to go on are counted only. */
export function decisionsSection({ history, bestLineage }: RunData): Section {
  const section = { id: "decisions", heading: "Decisions" };
  const { decisions, snapshots } = history;
  const told = decisions.filter(isNotable);
  const total = totalOf(decisions);
  if (told.length === 0) {
    const none =
      decisions.length === 0
        ? "Nothing has been decided yet."
        : `Nobody copied anybody in ${plural(decisions.length, "decision")}.`;
    return { ...section, content: [html`<p class="none">${none}</p>`] };
  }
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const best = new Set(bestLineage.map(({ id }) => id));
  const shown = told.toReversed().slice(0, mostRows);
  const rows = shown.map((decision) => row(decision, byId, best));
  const metric = history.run.experiment.objective.metric;
  const table = (given: typeof rows) =>
    tableElement(
      ["generation", "step", "who", metric, "why", "changed"],
      given,
      new Set(["generation", "step"]),
    );
  const cap =
    told.length > shown.length
      ? ` Here are the latest ${count(shown.length)} of ${count(told.length)}; clade export ${history.run.id} writes them all.`
      : "";
  const mark = told.some((decision) => best.has(resultOf(decision)))
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

/** "2 copies and 1 early end in 9 decisions; in the other 6 the member went on with its own weights." */
function totalOf(decisions: readonly Decision[]): string {
  const number = (wanted: Decision["kind"]) => decisions.filter(({ kind }) => kind === wanted).length;
  const restarts = number("restart");
  const stops = number("stop");
  const kept = number("keep");
  const counts = [
    plural(number("copy"), "copy", "copies"),
    ...(restarts > 0 ? [plural(restarts, "fresh start")] : []),
    ...(stops > 0 ? [plural(stops, "early end")] : []),
  ];
  const others = kept === 1 ? "in 1 other" : `in the other ${count(kept)}`;
  return `${inWords.format(counts)} in ${plural(decisions.length, "decision")}${kept > 0 ? `; ${others} the member went on with its own weights` : ""}.`;
}

function row(
  decision: Decision,
  byId: ReadonlyMap<SnapshotId, Snapshot>,
  best: ReadonlySet<SnapshotId>,
): readonly (Markup | string)[] {
  const { member, donor, generation, reason } = decision;
  const before = byId.get(decision.snapshot);
  const from = donor && byId.get(donor);
  const after = byId.get(resultOf(decision));
  const mark = best.has(resultOf(decision))
    ? html`<span class="mark" title="in the lineage of the best model">★</span> `
    : undefined;
  return [
    count(generation),
    before ? count(before.step) : "",
    html`${mark}${who(decision, member, donor)}`,
    before && from ? `${number(before.score)} against ${number(from.score)}` : number(before?.score),
    reason.text,
    before && after ? changes(before.hyperparameters, after.hyperparameters) : "",
  ];
}

function who(
  { kind, weights, hyperparameters }: Decision,
  member: number,
  donor: SnapshotId | undefined,
): string {
  if (kind === "stop") return `member ${member} ended early`;
  if (donor === undefined) return `member ${member}`;
  if (kind === "restart") return `member ${member} began anew, near the hyperparameters of snapshot ${donor}`;
  const what = weights ? (hyperparameters ? "" : " (weights only)") : " (hyperparameters only)";
  return `member ${member} copied member ${memberOf(donor)}${what}`;
}

/** The snapshot that a decision made. */
function resultOf({ member, snapshot }: Decision): SnapshotId {
  return snapshotId(member, ordinalOf(snapshot) + 1);
}
