/** The notes of a run in words. */
import { legibleLine } from "../algorithm/legible.ts";
import type { RunNote } from "../population-store/population-store.ts";
import { bestModelLine } from "./lost-models.ts";
import { plural, value } from "./words.ts";

export function noteLines(note: RunNote): string[] {
  switch (note.kind) {
    case "job":
      return [`${note.scheduler} job ${legibleLine(note.id)} was submitted to work on it`];
    case "different-code":
      return [
        `${legibleLine(note.worker)} joined with code that differs from the run's: ` +
          note.differences.map(legibleLine).join(", "),
      ];
    case "best-model":
      return [bestModelLine(note)];
    case "acting":
      return [...withoutEffect([note]), ...unproved([note])];
  }
}

/** Warnings about hyperparameters without effect. */
export function withoutEffect(notes: readonly RunNote[]): string[] {
  return notes.flatMap((note) => {
    if (note.kind !== "acting" || !note.found) return [];
    const { steps, without } = note.found;
    return without.map(({ name, values: [one, other] }) =>
      legibleLine(
        `${name} changes nothing: trained on for ${plural(steps, "step")} ` +
          `with ${value(one)} and with ${value(other)} from the same state ` +
          "the scores are the same; if that is intended, declare it as a constant",
      ),
    );
  });
}

/** Hyperparameters for which it is unknown whether they have an effect. */
export function unproved(notes: readonly RunNote[]): string[] {
  return notes.flatMap((note) =>
    note.kind === "acting" && note.found
      ? note.found.unproved.map(({ name, reason }) =>
          legibleLine(`${name}: whether it has an effect is unproved: ${reason}`),
        )
      : [],
  );
}
