/**
 * Tests the whole contract of a trainer: another trainer must be able to continue from a save as
 * the first would have continued.
 */

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "../algorithm/clade-error.ts";
import { satisfying } from "../algorithm/explore/explore.ts";
import { randomStream } from "../algorithm/random.ts";
import { everySteps } from "../algorithm/ready/every-steps.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import { readyWhen } from "../algorithm/ready/ready-when.ts";
import { comparesSamples, describeStrategy } from "../algorithm/strategy.ts";
import { CheckpointError } from "../checkpoint-store/checkpoint-store.ts";
import { stepsOfMember } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type Evaluation, isCommand } from "../experiment/trainer.ts";
import { copiedParts, exploredFrom } from "../experiment/what-changes.ts";
import { duration, number, plural, hyperparameters as shown } from "../report/words.ts";
import { TrainerError, type TrainerSession, type Turn } from "../trainer/trainer-session.ts";
import { measurementOf, requireMetric } from "../worker/measurement.ts";
import { isSame, spread, standing } from "../worker/sameness.ts";
import { trainFrom, trainOn } from "../worker/train-on.ts";
import { costOf } from "./cost.ts";
import type { Report } from "./finding.ts";
import { judgeGoingOn } from "./going-on.ts";
import { type Repeat, repeatsOf } from "./repeats.ts";
import { sayReadBack } from "./say-read-back.ts";
import { type Saved, Trial } from "./trial.ts";
import { tryActing } from "./try-acting.ts";

/**
 * How long to train before the save, but no longer than a generation, so that the weights differ
 * from fresh ones.
 */
const secondsBefore = 2;
/** As many steps as fit, at least one. */
const secondsAfter = 0.5;

/** The relative tolerance between scores of restored weights. */
const tolerance = 1e-3;

/** Two setups must differ by this factor more than identical runs do, to count as different. */
const noiseFactor = 10;

/** A trainer that keeps writing after its save is noticed if it does so within this time. */
const lateMs = 2_000;

/** Keeps checkpoints in an empty directory, which the caller removes. */
export async function tryContract(
  experiment: Experiment,
  directory: string,
  report: Report,
): Promise<void> {
  const { space } = experiment.strategies;
  const own = { member: 0, seed: 1, hyperparameters: space.sample(randomStream("check")) };
  const other = {
    member: 1,
    seed: 2,
    hyperparameters: space.sample(randomStream("check", "other")),
  };
  const trial = new Trial(experiment, directory, { own, other }, report);
  try {
    await new Contract(trial).try();
  } catch (error) {
    if (!(error instanceof CladeError)) throw error;
    report({ kind: "bad", text: textOf(error, experiment) });
  } finally {
    await trial.dispose();
  }
}

function textOf(error: CladeError, { trainer }: Experiment): string {
  if (error instanceof CheckpointError)
    return (
      `${error.message}: it was changed after save() had returned; ` +
      "end every write before that"
    );
  return (
    error.message +
    (error instanceof TrainerError && isCommand(trainer) ? `\n${error.detail}` : "")
  );
}

class Contract {
  readonly #trial: Trial;

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  async try(): Promise<void> {
    const first = this.#trial.open();
    const saved = await this.#begin(first);
    let failure: unknown;
    try {
      await this.#goOn(first, saved);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (!(failure instanceof CheckpointError)) await this.#lookAgain(first, saved);
    }
    for (const finding of costOf(this.#trial.experiment, saved.cost)) this.#trial.tell(finding);
  }

  async #goOn(first: TrainerSession, saved: Saved): Promise<void> {
    const trial = this.#trial;
    const { own } = trial;
    const onward = trial.onward(saved);
    const goesOn = saved.more > 0;
    const here = goesOn ? await trainOn(first, onward, own) : undefined;

    const second = trial.open();
    await trial.restore(second, saved);
    const restored = await trial.evaluate(second);
    const there = goesOn ? await trainFrom(second, onward, own) : undefined;
    const fresh = await this.#trainAnother(second, saved);
    const after = goesOn ? await trainFrom(second, onward, own) : undefined;

    let repeating: ReturnType<typeof repeatsOf> | undefined;
    const repeats = () => (repeating ??= repeatsOf(trial, saved));
    await this.#judgeRestored(saved, restored, fresh, repeats);
    if (here && there && after)
      await judgeGoingOn(trial, saved, restored, { here, there, after }, repeats);
    else
      trial.say(
        "note",
        "a member's budget is one step, so going on after restore could not be tried",
      );
    await this.#trySeed(second, saved, await repeating);
    await this.#tryFinal(second);
    await this.#tryCopy(second, saved);
    sayReadBack(trial, first);
    if (goesOn) await tryActing(trial, saved, second);
  }

  /** Fresh weights, a first generation, and the end of that generation as in a run. */
  async #begin(session: TrainerSession): Promise<Saved> {
    const trial = this.#trial;
    const { own } = trial;
    const begin = performance.now();
    await session.start(own);
    if (session.checkpoints === "directories") trial.say("ok", `starts in ${seconds(begin)}`);
    const oneStep = performance.now();
    await train(session, own, everySteps(1));
    trial.say("ok", `one step takes ${seconds(oneStep)} with ${shown(own.hyperparameters)}`);
    const stepped = performance.now() - oneStep;
    const { steps, perStep: later } = await this.#firstGeneration(session);
    const perStep = steps > 1 ? later : stepped / 1000;

    const evaluated = performance.now();
    const before = await trial.evaluate(session);
    const evaluate = (performance.now() - evaluated) / 1000;
    const score = trial.score(before);
    if (Number.isFinite(score))
      trial.say("ok", `evaluate() gives ${trial.metric} ${number(score)}`);
    else {
      const trained = `${plural(steps, "step")} with ${shown(own.hyperparameters)}`;
      trial.say(
        "warn",
        `${trial.metric} is ${score} after ${trained}: it ranks below every number`,
      );
    }
    this.#requireSamples(before);
    const saving = performance.now();
    const checkpoint = await trial.save(session);
    const savedAt = performance.now();
    const files = await trial.store.load(checkpoint);
    const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
    trial.say("ok", `save() gives ${[...files.keys()].join(", ") || "nothing"} (${bytes} bytes)`);
    const more = Math.min(
      Math.max(1, Math.floor(secondsAfter / perStep)),
      steps,
      this.#stepsOfMember - steps,
    );
    const cost = { perStep, evaluate, save: (savedAt - saving) / 1000, bytes };
    return { checkpoint, before, steps, more, savedAt, cost };
  }

  /**
   * At most half of the budget, so that as many steps are left to continue. No member trains
   * beyond its budget.
   */
  async #firstGeneration(session: TrainerSession): Promise<{ steps: number; perStep: number }> {
    const { ready } = this.#trial.experiment;
    const max = Math.max(1, Math.floor(this.#stepsOfMember / 2));
    let steps = 1;
    const begin = performance.now();
    const enough: Ready = ({ stepsInGeneration, secondsInGeneration, ...progress }) =>
      1 + stepsInGeneration >= max ||
      secondsInGeneration >= secondsBefore ||
      ready({ ...progress, secondsInGeneration, stepsInGeneration: 1 + stepsInGeneration });
    const isReady = ready({
      stepsInGeneration: 1,
      secondsInGeneration: 0,
      step: 1,
      generation: 0,
    });
    if (!isReady && max > 1) steps += await train(session, this.#trial.own, readyWhen(enough), 1);
    return { steps, perStep: (performance.now() - begin) / 1000 / Math.max(1, steps - 1) };
  }

  get #stepsOfMember(): number {
    return stepsOfMember(this.#trial.experiment.budget, 1);
  }

  /**
   * Resolves the score of fresh weights, or of the other member if fresh weights cannot be
   * evaluated before a step.
   */
  async #trainAnother(session: TrainerSession, { steps, more }: Saved): Promise<number> {
    const trial = this.#trial;
    await session.start(trial.other);
    let fresh: number | undefined;
    try {
      fresh = trial.score(await trial.evaluate(session));
    } catch (error) {
      if (!(error instanceof CladeError)) throw error;
      await session.start(trial.other);
    }
    await train(session, trial.other, everySteps(Math.max(1, Math.min(more, steps))));
    const trained = trial.score(await trial.evaluate(session));
    await trial.save(session);
    return fresh ?? trained;
  }

  async #judgeRestored(
    { before: saved, steps }: Saved,
    restored: Evaluation,
    fresh: number,
    repeats: () => ReturnType<typeof repeatsOf>,
  ): Promise<void> {
    const trial = this.#trial;
    const { metric, place } = trial;
    const [before, after] = [trial.score(saved), trial.score(restored)];
    if (isSame(before, after, tolerance)) {
      const again = `restore() in another trainer gives ${metric} ${number(after)} again`;
      return isSame(before, fresh)
        ? trial.say("note", `${again}, but so do fresh weights: this proves little`)
        : trial.say("ok", `${again}; fresh weights had ${number(fresh)}`);
    }
    const same = await repeats();
    const scores = [after, ...same.map(({ restored: [one] }) => trial.score(one))];
    const within = Math.max(
      ...same.map(({ restored: pair }) => spread(pair.map((each) => trial.score(each)))),
    );
    const away = Math.abs(before - fresh);
    const between = spread([before, ...scores]);
    const isNoisy = spread(scores) !== 0 || within !== 0;
    const isFar = !(Math.abs(before - after) < away / 4);
    const isDifferent = standing(before, scores) === "different" && (!isNoisy || isFar);
    if (isDifferent)
      return trial.say(
        "bad",
        `after restore, evaluate() gave ${number(after)}, ` +
          `before save it gave ${number(before)}: weights are not restored`,
      );
    const differs =
      `differs by ${number(between)} where fresh weights differ by ${number(away)}: ` +
      "evaluation is noisy";
    const parts = `${number(within)} in one ${place}, the rest between them`;
    const proves =
      between < away ? "" : "; whether weights are restored could not be told from it";
    trial.say("note", `${metric} of one checkpoint ${differs} (${parts})${proves}`);
    if (between >= away)
      trial.say(
        "warn",
        `${plural(steps, "step")} change ${metric} by no more than its noise does, so a ` +
          "generation of as many is ranked by luck; evaluate on more, or make generations longer",
      );
  }

  /** The same member, started again, has to reach the same score. */
  async #trySeed(
    session: TrainerSession,
    { before, steps }: Saved,
    repeats: readonly Repeat[] = [],
  ): Promise<void> {
    const trial = this.#trial;
    await session.start(trial.own);
    await train(session, trial.own, everySteps(1));
    if (steps > 1) await train(session, trial.own, everySteps(steps - 1), 1);
    const [one, other] = [trial.score(before), trial.score(await trial.evaluate(session))];
    const apart = (evaluations: readonly Evaluation[]) =>
      evaluations.length === 0 ? 0 : spread(evaluations.map((each) => trial.score(each)));
    const noise = Math.max(
      apart(repeats.flatMap(({ on }) => (on ? [on] : []))),
      apart(repeats.flatMap(({ restored }) => [...restored])),
    );
    if (isSame(one, other) || Math.abs(one - other) <= noiseFactor * noise) return;
    const scores = `${trial.metric} ${number(one)} and ${number(other)}`;
    trial.say(
      "warn",
      `fresh weights do not depend on the seed alone: two setups with seed ${trial.own.seed} ` +
        `and the same hyperparameters gave ${scores} after ${plural(steps, "step")} ` +
        "(a generator without a seed, or something of another member that setup does not " +
        "reset)",
    );
  }

  /** The last evaluation of a member. */
  async #tryFinal(session: TrainerSession): Promise<void> {
    const { final } = this.#trial.experiment.objective;
    if (final !== undefined) requireMetric(await session.evaluate(true), final);
  }

  /**
   * The weights in another member's place, with the hyperparameters of a copy. Only if exploit
   * ever copies weights.
   */
  async #tryCopy(session: TrainerSession, saved: Saved): Promise<void> {
    const trial = this.#trial;
    const { experiment, own, other } = trial;
    const copied = copiedParts(experiment);
    if (!copied.weights) return;
    const hyperparameters = copied.hyperparameters
      ? (exploredFrom(experiment, own.hyperparameters, saved.steps) ?? own.hyperparameters)
      : satisfying(
          experiment.strategies.space,
          other.hyperparameters,
          own,
          randomStream("check", "copy"),
        );
    try {
      const turn = { ...other, hyperparameters };
      if (saved.more > 0) await trainFrom(session, { ...trial.onward(saved), steps: 1 }, turn);
      else await trial.restore(session, saved, turn);
    } catch (error) {
      if (!(error instanceof TrainerError)) throw error;
      const change = `from ${shown(own.hyperparameters)} to ${shown(hyperparameters)}`;
      trial.say(
        "bad",
        `a copy that continues with other hyperparameters fails (${change}): ` +
          textOf(error, experiment),
      );
    }
  }

  #requireSamples(evaluation: Evaluation): void {
    const { samples = [] } = measurementOf(evaluation, this.#trial.metric);
    const { exploit } = this.#trial.experiment.strategies;
    if (comparesSamples(exploit) && samples.length < 2)
      this.#trial.say(
        "bad",
        `${describeStrategy(exploit).name} needs samples, and evaluate() reports fewer than 2; ` +
          "add samples: [...]",
      );
  }

  /**
   * Reads the first checkpoint again. A trainer that writes after save() has returned breaks what
   * a run relies on.
   */
  async #lookAgain(
    { checkpoints }: TrainerSession,
    { checkpoint, savedAt }: Saved,
  ): Promise<void> {
    if (checkpoints === "directories")
      await sleep(Math.max(0, savedAt + lateMs - performance.now()));
    await this.#trial.store.directories!.verify(checkpoint);
  }
}

/** Resolves the steps. */
function train(
  session: TrainerSession,
  { hyperparameters }: Turn,
  ready: Ready,
  step = 0,
): Promise<number> {
  const endless = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  return session.train({ ...endless, hyperparameters, step, generation: 0, ready });
}

function seconds(begin: number): string {
  return duration((performance.now() - begin) / 1000);
}
