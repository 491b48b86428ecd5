/**
 * Reports which hyperparameters a command reads back from where they are used, at which end of a
 * generation, and which stay unseen.
 */
import type { TrainerSession } from "../trainer/trainer-session.ts";
import type { Trial } from "./trial.ts";

export function sayReadBack(
  trial: Pick<Trial, "own" | "say">,
  { readBack, readBackAfterTraining }: Pick<TrainerSession, "readBack" | "readBackAfterTraining">,
): void {
  if (readBack === undefined) return;
  const names = Object.keys(trial.own.hyperparameters);
  const before = names.filter((name) => readBack.has(name));
  const both = before.filter((name) => readBackAfterTraining?.has(name));
  const once = before.filter((name) => !both.includes(name));
  const unseen = names.filter((name) => !before.includes(name));
  const where = "read back from where it acts";
  if (both.length > 0)
    trial.say("ok", `${both.join(", ")}: ${where}, before the first step and after the last`);
  if (once.length > 0)
    trial.say(
      "note",
      `${once.join(", ")}: ${where} before the first step only, ` +
        `so a later overwrite would go unnoticed; ${remedy}`,
    );
  if (unseen.length > 0)
    trial.say(
      "note",
      `${unseen.join(", ")}: repeats the value it was told, without reading it back, ` +
        `so whether it is in force is unknown; ${remedy}`,
    );
}

const remedy =
  "in Python generation.watch(), generation.in_force() with a function, " +
  "or hyperparameters_in_force() reads it back at both ends";
