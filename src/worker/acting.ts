/**
 * Whether a hyperparameter has an effect. Training from the same state and seed with two values
 * far apart must give different results. A trainer may report the value that it was given and use
 * another one. So only its measurements count here, not what it says about its hyperparameters.
 */
import type { Hyperparameters, HyperparameterValue } from "../algorithm/snapshot.ts";
import type { FarApart } from "../experiment/far-apart.ts";
import type { Evaluation } from "../experiment/trainer.ts";
import { TrainerError, type TrainerSession, type Turn } from "../trainer/trainer-session.ts";
import { isSame, numbersOf, spread } from "./sameness.ts";
import { type Beginning, trainFrom } from "./train-on.ts";

export type Effect = { readonly name: string } & (
  | { readonly kind: "acts" }
  /** Scores are the same with both values, but the saved files differ. */
  | { readonly kind: "unscored"; readonly values: Values }
  | { readonly kind: "nothing"; readonly values: Values }
  /** Identical runs differ in score by as much as runs with the two values. */
  | { readonly kind: "noise"; readonly by: number }
  /** The trainer failed with this value. */
  | { readonly kind: "failed"; readonly value: HyperparameterValue; readonly message: string }
  | { readonly kind: "untried" }
);

type Values = readonly [HyperparameterValue, HyperparameterValue];

interface Acting {
  readonly session: TrainerSession;
  readonly beginning: Beginning;
  readonly turn: Turn;
  readonly metric: string;
  /** Hyperparameters that a restore may change. Others are tested from fresh weights. */
  readonly changedByRestore: ReadonlySet<string>;
  /** Saves what the session holds. Resolves a value that is equal for equal files. */
  readonly save?: () => Promise<unknown>;
  /** Whether there is time for another run, given the milliseconds of the last one. */
  readonly hasTime: (ms: number) => boolean;
}

/** Two values must differ by this factor more than repeats do, because repeats are few. */
const noiseFactor = 5;

/**
 * Resolves the effect of each hyperparameter on the next steps. The session holds another state
 * afterwards. Rejects if the trainer fails with its own hyperparameters.
 */
export async function effects(pairs: readonly FarApart[], acting: Acting): Promise<Effect[]> {
  const found: Effect[] = [];
  const withRestore = new Repeated(acting, acting.beginning);
  const { checkpoint, ...fresh } = acting.beginning;
  const fromFresh = new Repeated(acting, { ...fresh, step: 0, generation: 0 });
  for (const pair of pairs) {
    const isRestored = isReachedByRestore(pair, acting);
    const repeated = isRestored ? withRestore : fromFresh;
    if (!acting.hasTime(2 * repeated.ms)) found.push({ name: pair.name, kind: "untried" });
    else found.push(await repeated.effect(pair));
  }
  return found;
}

function isReachedByRestore({ settings }: FarApart, { turn, changedByRestore }: Acting): boolean {
  return settings.every((values) =>
    [...new Set([...Object.keys(values), ...Object.keys(turn.hyperparameters)])].every(
      (name) => values[name] === turn.hyperparameters[name] || changedByRestore.has(name),
    ),
  );
}

/** Runs from one starting point, and how much two identical runs differ. */
class Repeated {
  readonly #acting: Acting;
  readonly #beginning: Beginning;
  /**
   * By metric. Metrics other than the objective are included only if they are the same every time.
   */
  #noise: ReadonlyMap<string, number> | undefined;
  /** Every run gets a process of its own, because a process keeps something from run to run. */
  #isIsolated = false;
  /** The duration of the last run. */
  ms = 0;

  constructor(acting: Acting, beginning: Beginning) {
    this.#acting = acting;
    this.#beginning = beginning;
  }

  async effect({ name, settings }: FarApart): Promise<Effect> {
    const { metric, save } = this.#acting;
    this.#noise ??= await this.#measureNoise();
    const outcomes = [await this.#attempt(settings[0]), await this.#attempt(settings[1])];
    const failed = outcomes.findIndex((outcome) => outcome instanceof TrainerError);
    const values = settings.map((each) => each[name]!) as unknown as Values;
    if (failed >= 0) {
      const { message } = outcomes[failed] as TrainerError;
      return { name, kind: "failed", value: values[failed]!, message };
    }
    if (this.#differ(outcomes as [Evaluation, Evaluation], values)) return { name, kind: "acts" };
    const by = this.#noise.get(metric)!;
    if (by > 0) return { name, kind: "noise", by };
    const files: unknown[] = [];
    if (save) for (const each of settings) files.push((await this.#run(each)) && (await save()));
    return { name, kind: files[0] === files[1] ? "nothing" : "unscored", values };
  }

  #differ([low, high]: readonly [Evaluation, Evaluation], values: Values): boolean {
    const [one, other] = [numbersOf(low), numbersOf(high)];
    return [...this.#noise!].some(([metric, noise]) => {
      const [left = Number.NaN, right = Number.NaN] = [one[metric], other[metric]];
      if (Object.is(left, right)) return false;
      // A metric may just repeat the hyperparameter that the trainer was given.
      const isEcho = isSame(left, Number(values[0])) && isSame(right, Number(values[1]));
      if (isEcho && metric !== this.#acting.metric) return false;
      return !(Math.abs(left - right) <= noiseFactor * noise);
    });
  }

  /** Two identical runs: in one process, and if they differ there, in two. */
  async #measureNoise(): Promise<ReadonlyMap<string, number>> {
    const own = this.#acting.turn.hyperparameters;
    let runs = [await this.#run(own), await this.#run(own)];
    if (this.#objectiveNoise(runs) > 0) {
      this.#isIsolated = true;
      const isolated = [await this.#run(own), await this.#run(own)];
      this.#isIsolated = this.#objectiveNoise(isolated) === 0;
      runs = this.#isIsolated ? isolated : [...runs, ...isolated];
    }
    const { metric } = this.#acting;
    const numbers = runs.map(numbersOf);
    const stable = Object.keys(numbers[0]!).filter((name) =>
      numbers.every((each) => name !== metric && Object.is(each[name], numbers[0]![name])),
    );
    return new Map([
      [metric, this.#objectiveNoise(runs)],
      ...stable.map((name) => [name, 0] as const),
    ]);
  }

  #objectiveNoise(runs: readonly Evaluation[]): number {
    const values = runs.map((run) => numbersOf(run)[this.#acting.metric] ?? Number.NaN);
    return Number.isNaN(spread(values)) ? Infinity : spread(values);
  }

  async #run(hyperparameters: Hyperparameters): Promise<Evaluation> {
    const { session, turn } = this.#acting;
    if (this.#isIsolated) await session.dispose();
    const begin = performance.now();
    const evaluation = await trainFrom(session, this.#beginning, { ...turn, hyperparameters });
    this.ms = performance.now() - begin;
    return evaluation;
  }

  async #attempt(hyperparameters: Hyperparameters): Promise<Evaluation | TrainerError> {
    try {
      return await this.#run(hyperparameters);
    } catch (error) {
      if (error instanceof TrainerError) return error;
      throw error;
    }
  }
}
