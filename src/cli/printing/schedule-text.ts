import { merged, type ScheduleSegment } from "../../algorithm/schedule.ts";
import { count, value } from "../../report/words.ts";
import { table } from "./format.ts";

/** Longer schedules are thinned to this many rows. `clade best` writes the whole one. */
const shownRows = 16;

/** A schedule as a table: one row for each time that hyperparameters or the member changed. */
export function scheduleText(segments: readonly ScheduleSegment[]): string {
  const parts = merged(segments, (first, second) => first.member === second.member);
  if (parts.length === 0) return "(no training yet)";
  const names = [...new Set(parts.flatMap(({ hyperparameters }) => Object.keys(hyperparameters)))];
  const row = ({ fromStep, toStep, member, hyperparameters }: ScheduleSegment) => [
    `${count(fromStep)} to ${count(toStep)}`,
    String(member),
    ...names.map((name) => value(hyperparameters[name])),
  ];
  const rows = parts.map(row);
  const hidden = rows.length - shownRows;
  const half = shownRows / 2;
  const shown =
    hidden > 0
      ? [
          ...rows.slice(0, half),
          [`(${count(hidden)} more)`, "", ...names.map(() => "")],
          ...rows.slice(-half),
        ]
      : rows;
  return table([["steps", "member", ...names], ...shown]);
}
