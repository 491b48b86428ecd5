import { legible, legibleJson } from "../algorithm/legible.ts";
import { merged, type ScheduleSegment } from "../algorithm/schedule.ts";
import type { Hyperparameters, HyperparameterValue } from "../algorithm/snapshot.ts";
import { csvText } from "./export/csv-text.ts";

/**
 * The text of a schedule.
 *
 * - `json`: the segments, as in the schedule.json of `clade best`
 * - `csv`: a row for each segment: from_step, to_step, member and a column for each hyperparameter
 * - `python`: a module that needs nothing but Python 3, with a function `hyperparameters_at(step)`
 *
 * `title` says what the schedule is of, such as "run digits-x7, snapshot 3.12"; it is in the
 * Python module's docstring.
 */
export function scheduleAs(
  format: "json" | "csv" | "python",
  segments: readonly ScheduleSegment[],
  title: string,
): string {
  if (format === "json") return legibleJson(segments);
  return format === "csv" ? scheduleCsv(segments) : legible(schedulePython(segments, title));
}

function scheduleCsv(segments: readonly ScheduleSegment[]): string {
  const names = [
    ...new Set(segments.flatMap(({ hyperparameters }) => Object.keys(hyperparameters))),
  ];
  const rows = segments.map(({ fromStep, toStep, member, hyperparameters }) => [
    fromStep,
    toStep,
    member,
    ...names.map((name) => hyperparameters[name]),
  ]);
  return csvText([["from_step", "to_step", "member", ...names], ...rows]);
}

function schedulePython(segments: readonly ScheduleSegment[], title: string): string {
  const lines = merged(segments).map(
    ({ fromStep, toStep, hyperparameters }) =>
      `    (${fromStep}, ${toStep}, ${pythonDict(hyperparameters)}),\n`,
  );
  const docstring = JSON.stringify(
    `The hyperparameter schedule of ${title}, found by Population Based Training.`,
  );
  return `${docstring}

from bisect import bisect_right

# From which step, up to which step, and the hyperparameters of the training steps between.
SEGMENTS = [
${lines.join("")}]

_FROM_STEPS = [from_step for from_step, _, _ in SEGMENTS]


def hyperparameters_at(step):
    """The hyperparameters of the training step that comes after \`step\` steps, as a new dict.

    Training that goes on beyond the schedule keeps its last hyperparameters. One that does not
    apply is not in the dict. Raises ValueError for a step below 0.
    """
    if step < 0:
        raise ValueError(f"step {step}: must be 0 or more")
    return dict(SEGMENTS[bisect_right(_FROM_STEPS, step) - 1][2])
`;
}

function pythonDict(hyperparameters: Hyperparameters): string {
  const items = Object.entries(hyperparameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}: ${pythonLiteral(value)}`],
  );
  return `{${items.join(", ")}}`;
}

/**
 * JSON's numbers and strings mean the same in Python, and both languages write the shortest digits
 * that give the same double.
 */
function pythonLiteral(value: HyperparameterValue): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}
