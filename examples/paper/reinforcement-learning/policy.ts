/**
 * The actor and the critic as they play: in plain loops, with the random draws of actions.
 * update.ts has the same networks in jax-js, to learn.
 */
import type { Random } from "../random.ts";
import { Perceptron } from "./perceptron.ts";
import type { RunningMoments } from "./running-moments.ts";
import { type Actions, clip, type Task } from "./tasks/task.ts";

export const HIDDEN = 32;

/** How many numbers say what to do: logits, or means. */
export function policyOutputs(actions: Actions): number {
  return actions.kind === "discrete" ? actions.count : actions.size;
}

/** How many numbers an action has. */
export function actionWidth(actions: Actions): number {
  return actions.kind === "discrete" ? 1 : actions.size;
}

export class Policy {
  readonly #task: Task;
  readonly #rows: number;
  readonly #observed: RunningMoments;
  readonly #actor: Perceptron;
  readonly #critic: Perceptron;
  #logDeviations: Float32Array = new Float32Array();
  /** False once a number of the weights is none: training has diverged. */
  isSound = true;
  /**
   * What the networks saw last [rows, observationSize]: observations in units of their deviation,
   * as update.ts wants them.
   */
  readonly seen: Float32Array;
  /**
   * What was drawn last [rows, numbers of an action], as update.ts wants it and in the task's
   * units, and its log-probability.
   */
  readonly chosen: Float32Array;
  readonly played: Float32Array;
  readonly logProbabilities: Float32Array;

  /** For a multiple of 4 rows. */
  constructor(task: Task, rows: number, observed: RunningMoments) {
    this.#task = task;
    this.#rows = rows;
    this.#observed = observed;
    this.#actor = new Perceptron(rows, [
      task.observationSize,
      HIDDEN,
      HIDDEN,
      policyOutputs(task.actions),
    ]);
    this.#critic = new Perceptron(rows, [task.observationSize, HIDDEN, HIDDEN, 1]);
    this.seen = new Float32Array(rows * task.observationSize);
    this.chosen = new Float32Array(rows * actionWidth(task.actions));
    this.played = new Float32Array(rows * actionWidth(task.actions));
    this.logProbabilities = new Float32Array(rows);
  }

  /** All weights, in the order of `shapesFor`. */
  load(weights: Float32Array): void {
    const afterActor = this.#actor.load(weights);
    this.#logDeviations = weights.subarray(this.#critic.load(weights, afterActor));
    this.isSound = weights.every(Number.isFinite);
  }

  act(observations: Float32Array, random: Random): void {
    this.#see(observations);
    const outputs = this.#actor.forward(this.seen);
    if (this.#task.actions.kind === "discrete")
      this.#drawDiscrete(outputs, this.#task.actions.count, random);
    else
      this.#drawContinuous(outputs, this.#task.actions.size, this.#task.actions.largest, random);
  }

  /**
   * What the critic expects from now on, in its unit. The array is used again by the next call.
   */
  values(observations: Float32Array): Float64Array {
    this.#see(observations);
    return this.#critic.forward(this.seen);
  }

  #see(observations: Float32Array): void {
    const { observationSize } = this.#task;
    for (let number = 0; number < observationSize; number++) {
      const mean = this.#observed.mean(number);
      const deviation = this.#observed.deviation(number);
      for (let i = number; i < observations.length; i += observationSize) {
        this.seen[i] = clip((observations[i]! - mean) / deviation, -10, 10);
      }
    }
  }

  #drawDiscrete(logits: Float64Array, count: number, random: Random): void {
    for (let row = 0; row < this.#rows; row++) {
      const own = logits.subarray(row * count, (row + 1) * count);
      const highest = Math.max(...own);
      let total = 0;
      for (const logit of own) total += Math.exp(logit - highest);
      let left = random.uniform() * total;
      let action = 0;
      for (; action < count - 1; action++) {
        left -= Math.exp(own[action]! - highest);
        if (left < 0) break;
      }
      this.chosen[row] = action;
      this.played[row] = action;
      this.logProbabilities[row] = own[action]! - highest - Math.log(total);
    }
  }

  #drawContinuous(means: Float64Array, size: number, largest: number, random: Random): void {
    for (let row = 0; row < this.#rows; row++) {
      let logProbability = 0;
      for (let number = 0; number < size; number++) {
        const at = row * size + number;
        const logDeviation = this.#logDeviations[number]!;
        const noise = random.normal();
        this.chosen[at] = means[at]! + Math.exp(logDeviation) * noise;
        this.played[at] = this.chosen[at]! * largest;
        logProbability -= 0.5 * noise * noise + logDeviation + 0.5 * Math.log(2 * Math.PI);
      }
      this.logProbabilities[row] = logProbability;
    }
  }
}
