/** Reports which hyperparameters have an effect, and which change nothing. */
import { performance } from "node:perf_hooks";
import { farApart } from "../experiment/far-apart.ts";
import { namesChangedByRestore } from "../experiment/what-changes.ts";
import { number, plural, value } from "../report/words.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import { type Effect, effects } from "../worker/acting.ts";
import type { Saved, Trial } from "./trial.ts";

/** Keeps a check short, whatever the length of a step. */
const seconds = 12;

export async function tryActing(
  trial: Trial,
  saved: Saved,
  session: TrainerSession,
): Promise<void> {
  const { experiment, own, metric } = trial;
  const pairs = farApart(experiment.strategies.space, own.hyperparameters);
  if (pairs.length === 0) return;
  const begin = performance.now();
  const found = await effects(pairs, {
    session,
    beginning: trial.onward(saved),
    turn: own,
    metric,
    changedByRestore: namesChangedByRestore(experiment),
    save: () => trial.save(session),
    hasTime: (ms) => performance.now() + ms < begin + seconds * 1000,
  });
  const of = <K extends Effect["kind"]>(kind: K) =>
    found.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
  const names = (kind: Effect["kind"]) => of(kind).map(({ name }) => name);
  const steps = plural(saved.more, "step");
  if (names("acts").length > 0)
    trial.say(
      "ok",
      `${names("acts").join(", ")}: two values far apart give different results after ${steps}`,
    );
  const trained = ([one, other]: Extract<Effect, { kind: "nothing" }>["values"]) =>
    `trained on for ${steps} with ${value(one)} and with ${value(other)}`;
  for (const { name, values } of of("nothing"))
    trial.say(
      "warn",
      `${name} changes nothing: ${trained(values)} from the same state the scores are the same; ` +
        "if that is intended, declare it as a constant",
    );
  for (const { name, values } of of("unscored"))
    trial.say(
      "note",
      `${name}: ${trained(values)} the scores are the same and what is saved is not, ` +
        "so it may act; more metrics, such as a loss, would prove it",
    );
  for (const { name, by } of of("noise"))
    trial.say(
      "note",
      `${name}: whether it has an effect could not be shown, ` +
        `since identical runs differ by ${number(by)} in ${metric}`,
    );
  for (const { name, value: end, message } of of("failed"))
    trial.say(
      "note",
      `${name}: whether it has an effect could not be tested, ` +
        `since ${value(end)} fails: ${message}`,
    );
  if (names("untried").length > 0)
    trial.say(
      "note",
      `${names("untried").join(", ")}: not tested for an effect, since that takes too long`,
    );
}
