/** Values as text: in the terminal, in pages and in figures. */

import { legibleLine } from "../algorithm/legible.ts";
import type { Hyperparameters, HyperparameterValue, Snapshot } from "../algorithm/snapshot.ts";
import type { Budget } from "../experiment/budget.ts";
import type { Failure } from "../population-store/population-store.ts";
import { hostOf } from "../population-store/run-worker.ts";

/** A whole number with separated thousands: 1,200. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** At most four significant digits, or of the distance where a value is nearly 1. */
export function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "none";
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3).replace(/\.?0*e\+?/, "e");
  if (Number.isInteger(value)) return count(value);
  if (size > 0.999 && size < 1)
    return String(Math.sign(value) * Number((1 - Number((1 - size).toPrecision(4))).toFixed(15)));
  return String(Number(value.toPrecision(4)));
}

export function value(given: HyperparameterValue | undefined): string {
  return typeof given === "number" ? number(given) : legibleLine(String(given ?? "none"));
}

/** "1 copy", "2 copies". */
export function plural(given: number, one: string, many = `${one}s`): string {
  return `${count(given)} ${given === 1 ? one : many}`;
}

export function duration(seconds: number): string {
  if (seconds < 0.1) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** In universal time, to the second. */
export function time(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "learningRate 0.01 to 0.012" for each that differs. */
export function changes(before: Hyperparameters, after: Hyperparameters): string {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .map((name) => `${legibleLine(name)} ${value(before[name])} to ${value(after[name])}`)
    .join(", ");
}

/** Shortens a text to a number of characters. */
export function shortened(text: string, max: number): string {
  const characters = [...text];
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join("")}…`;
}

/** "in generation 3, in train, on machine-7, device 0": where a failure happened. */
export function placeOf({ generation, phase, worker, device }: Failure): string {
  const during = phase === undefined ? "" : `, in ${phase}`;
  const on = device === undefined ? "" : `, device ${device}`;
  return `in generation ${generation + 1}${during}, on ${legibleLine(hostOf(worker))}${on}`;
}

/** "rate 0.1, optimizer sgd". */
export function hyperparameters(values: Hyperparameters): string {
  return Object.entries(values)
    .map(([name, given]) => `${legibleLine(name)} ${value(given)}`)
    .join(", ");
}

/** "480", or why it is more than the budget of a member. */
export function stepsOfModel(
  { step, memberSteps }: Pick<Snapshot, "step" | "memberSteps">,
  { stepsPerMember = Number.POSITIVE_INFINITY }: Budget,
): string {
  if (step <= stepsPerMember) return count(step);
  const own = `its member has done ${count(memberSteps)}, which is what stepsPerMember counts`;
  return `${count(step)} (along its lineage; ${own})`;
}
