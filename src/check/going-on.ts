/**
 * Reports whether training continued the same after restores: in another process, and in one that
 * has trained another member.
 */
import type { Evaluation } from "../experiment/trainer.ts";
import { number, plural } from "../report/words.ts";
import { isSame, numbersOf, sameMetrics, spread, standing } from "../worker/sameness.ts";
import type { Repeat } from "./repeats.ts";
import type { Saved, Trial } from "./trial.ts";

/** The scores of a member that continued for the same number of steps, from the same state. */
export interface Continuations {
  /** In the process that saved it. */
  readonly here: Evaluation;
  /** Restored in a new process. */
  readonly there: Evaluation;
  /** Restored in a process that had trained another member. */
  readonly after: Evaluation;
}

/**
 * A difference below this share of the steps' effect may come from summing numbers in another
 * order.
 */
const small = 1e-4;

/** How much a rounding error in the saved state may grow in training. */
const growth = 10;

const forgotten =
  "something that the next steps depend on is not saved " +
  "(an optimiser's momentum, a scaler, a counter, a moving average, a random state)";

const left =
  "something of the other member stays (a seed or a generator that the constructor kept, " +
  "a class attribute, an optimiser's state); set all of it in restore()";

export async function judgeGoingOn(
  trial: Trial,
  saved: Saved,
  restored: Evaluation,
  { here, there, after }: Continuations,
  repeats: () => Promise<readonly Repeat[]>,
): Promise<void> {
  const { metric, place } = trial;
  const steps = plural(saved.more, "step");
  const names = [metric, ...sameMetrics(saved.before, restored).filter((name) => name !== metric)];
  const of = (name: string) => (evaluation: Evaluation) =>
    numbersOf(evaluation)[name] ?? Number.NaN;
  const unlike = names.filter((name) => {
    const value = of(name);
    return !isSame(value(here), value(there)) || !isSame(value(here), value(after));
  });
  const all = [
    there,
    ...(unlike.length > 0 ? await repeats() : []).flatMap(({ on }) => (on ? [on] : [])),
  ];
  // A value that is rounded in a checkpoint is slightly off from the first step on.
  const rounded = growth * Math.abs(trial.score(saved.before) - trial.score(restored));
  const noisy: string[] = [];
  for (const name of unlike) {
    const value = of(name);
    const same = all.map(value);
    if (spread(same) !== 0) noisy.push(name);
    const moved = Math.abs(value(here) - value(saved.before));
    const isOff = (suspect: Evaluation) =>
      !isSame(value(suspect), value(there)) && standing(value(suspect), same) === "different";
    const suspect = isOff(here) ? here : isOff(after) ? after : undefined;
    if (!suspect) continue;
    const difference = Math.abs(value(suspect) - value(there));
    if (name === metric && spread(same) === 0 && difference <= rounded) continue;
    const [gave, where, why] =
      suspect === here
        ? [there, `another ${place}`, forgotten]
        : [after, `${a(place)} that has trained another member`, left];
    trial.say(
      difference <= small * moved ? "warn" : "bad",
      `training does not continue the same: after ${steps}, ${name} is ` +
        `${number(value(gave))} after restore in ${where}, ` +
        `but ${number(value(here))} without a restore: ${why}`,
    );
    return;
  }
  if (noisy[0] === undefined) return trial.say("ok", sameText(trial, saved, [here, there, after]));
  const by = number(spread(all.map(of(noisy[0]))));
  trial.say(
    "note",
    `training is not deterministic, or its evaluation is not: ${plural(all.length, "run")} ` +
      `of the same ${steps} from the same checkpoint differ by up to ${by} in ${noisy[0]}; ` +
      "forgotten state that changes it by less would go unnoticed",
  );
}

function sameText(trial: Trial, saved: Saved, evaluations: readonly Evaluation[]): string {
  const { metric, place } = trial;
  const [score = Number.NaN, ...others] = evaluations.map((each) => trial.score(each));
  const by = spread([score, ...others]);
  const moved = isSame(score, trial.score(saved.before))
    ? `stays ${number(score)}, so this proves little`
    : `is ${number(score)} each time${by === 0 ? "" : `, to within ${number(by)}`}`;
  return (
    `training continues the same for ${plural(saved.more, "step")} in another ${place}, ` +
    `and in one that trained another member before: ${metric} ${moved}`
  );
}

function a(place: string): string {
  return place === "instance" ? "an instance" : `a ${place}`;
}
