import { merged, type ScheduleSegment, schedule } from "../algorithm/schedule.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";
import { html, type Markup } from "./html.ts";
import { pairs, type Section, tableElement } from "./page.ts";
import type { RunData } from "./run-data.ts";
import { count, number, plural, stepsOfModel, value } from "./words.ts";

/** A longer schedule is shown without the rows in its middle. */
const maxRows = 200;

/** The best model, and the schedule that made it. */
export function bestModelSection(
  { bestLineage, history }: RunData,
  best: Snapshot | undefined,
): Section {
  const section = { id: "best", heading: "Best model" };
  const { metric, direction, final } = history.run.experiment.objective;
  if (!best) {
    const why =
      "No member has a score yet (missing, NaN and infinite ones do not count), " +
      "so there is no best model.";
    return { ...section, content: [html`<p class="none">${why}</p>`] };
  }
  const others = Object.entries(best.metrics).filter(
    ([name]) => name !== metric && name !== final,
  );
  const facts = pairs([
    ["snapshot", best.id],
    ["member", String(best.member)],
    ["step", stepsOfModel(best, history.run.experiment.budget)],
    [`${metric} (${direction}d)`, number(best.score)],
    ...(final === undefined
      ? []
      : [[`${final} (held out)`, number(best.metrics[final])] as const]),
    ...others.map(([name, measured]) => [name, number(measured)] as const),
    ...Object.entries(best.hyperparameters).map(([name, given]) => [name, value(given)] as const),
  ]);
  return {
    ...section,
    content: [
      facts,
      html`<h3>The schedule that made it</h3>`,
      scheduleTable(schedule(bestLineage)),
    ],
  };
}

function scheduleTable(segments: readonly ScheduleSegment[]): Markup {
  const stretches = merged(segments, (first, second) => first.member === second.member);
  if (stretches.length === 0) return html`<p class="none">It has not been trained yet.</p>`;
  const names = [
    ...new Set(stretches.flatMap(({ hyperparameters }) => Object.keys(hyperparameters))),
  ];
  const rows = stretches.map(({ fromStep, toStep, member, hyperparameters }, index) => [
    `${count(fromStep)} to ${count(toStep)}`,
    String(member),
    ...names.map((name) => (name in hyperparameters ? value(hyperparameters[name]) : "")),
    index > 0 && stretches[index - 1]!.member !== member
      ? `member ${member} copied member ${stretches[index - 1]!.member}`
      : "",
  ]);
  const hidden = Math.max(0, rows.length - maxRows);
  const half = maxRows / 2;
  const shown =
    hidden > 0
      ? [...rows.slice(0, half), ["…", "", ...names.map(() => "…"), ""], ...rows.slice(-half)]
      : rows;
  const table = tableElement(
    ["steps", "member", ...names, "began with"],
    shown,
    new Set(["steps", "member"]),
  );
  return hidden > 0
    ? html`${table}
<p>${plural(hidden, "row is", "rows are")} left out in the middle;
<code>clade export</code> writes everything.</p>`
    : table;
}
