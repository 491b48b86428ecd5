/**
 * A small network, in plain TypeScript so that many seeds are affordable, learns the digits of the
 * quickstart: real training with several hyperparameters, a category among them, and a score from
 * few pictures. The batches are small, so the best learning rate falls as training goes on.
 */
import {
  drawPictures,
  PIXELS,
  type Pictures,
  Random,
  test,
  training,
  validation,
} from "../../examples/quickstart/pictures.ts";

interface DigitsHyperparameters {
  readonly learningRate: number;
  readonly momentum: number;
  readonly dropout: number;
  readonly optimizer: "sgd" | "adam";
}

const HIDDEN = 32;
const CLASSES = 10;
const BATCH = 16;
/** Of the validation pictures, for the score. */
const SCORED = 500;

const INPUT_WEIGHTS = (PIXELS + 1) * HIDDEN;
/** [PIXELS + 1 x HIDDEN], then [HIDDEN + 1 x CLASSES]; the last row of each is the bias. */
const WEIGHTS = INPUT_WEIGHTS + (HIDDEN + 1) * CLASSES;

const hidden = new Float32Array(HIDDEN);
const hiddenGradient = new Float32Array(HIDDEN);
const outputs = new Float32Array(CLASSES);
const gradient = new Float32Array(WEIGHTS);

export class DigitsTrainer {
  #seed: number;
  readonly #random: Random;
  #weights: Float32Array;
  #first = new Float32Array(WEIGHTS);
  #second = new Float32Array(WEIGHTS);
  #optimizer = "";
  #updates = 0;

  constructor({ seed }: { readonly seed: number }) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#weights = Float32Array.from({ length: WEIGHTS }, (_, index) => {
      const inputs = index < INPUT_WEIGHTS ? PIXELS : HIDDEN;
      return this.#random.uniform(-1, 1) * Math.sqrt(3 / inputs);
    });
  }

  /** Trains on one batch of freshly drawn pictures. */
  step({ learningRate, momentum, dropout, optimizer }: DigitsHyperparameters): void {
    if (optimizer !== this.#optimizer) {
      // One optimizer's moments mean nothing to the other.
      this.#first.fill(0);
      this.#second.fill(0);
      this.#updates = 0;
      this.#optimizer = optimizer;
    }
    this.#updates += 1;
    const batch = drawPictures(training, BATCH, this.#random);
    gradient.fill(0);
    for (let picture = 0; picture < BATCH; picture++)
      this.#addGradient(
        batch,
        picture,
        1 / (1 - dropout),
        () => this.#random.uniform(0, 1) >= dropout,
      );
    if (optimizer === "sgd") this.#sgd(learningRate, momentum);
    else this.#adam(learningRate / 10, momentum);
  }

  /**
   * The accuracy on a few validation pictures. At the end that on all of them chooses the model,
   * and that on the test pictures is reported.
   */
  evaluate({ final }: { readonly final: boolean }): Record<string, number> {
    const accuracy = accuracyOf(this.#weights, validation, SCORED);
    if (!final) return { accuracy };
    return {
      accuracy,
      finalAccuracy: accuracyOf(this.#weights, validation),
      testAccuracy: accuracyOf(this.#weights, test),
    };
  }

  save() {
    return {
      weights: this.#weights.slice(),
      first: this.#first.slice(),
      second: this.#second.slice(),
      optimizer: this.#optimizer,
      updates: this.#updates,
      seed: this.#seed,
      random: this.#random.state,
    };
  }

  /** Another member's weights go on with pictures of its own. */
  restore(state: ReturnType<DigitsTrainer["save"]>, { seed }: { readonly seed: number }): void {
    this.#seed = seed;
    this.#weights = state.weights.slice();
    this.#first = state.first.slice();
    this.#second = state.second.slice();
    this.#optimizer = state.optimizer;
    this.#updates = state.updates;
    this.#random.state =
      seed === state.seed ? state.random : new Random(seed ^ state.random).state;
  }

  /** Of the mean cross-entropy; a hidden unit is kept where `keeps` says so. */
  #addGradient(
    { ink, labels }: Pictures,
    picture: number,
    scale: number,
    keeps: () => boolean,
  ): void {
    const weights = this.#weights;
    const start = picture * PIXELS;
    forwardHidden(weights, ink, start);
    for (let unit = 0; unit < HIDDEN; unit++)
      hidden[unit] = keeps() ? Math.max(0, hidden[unit]!) * scale : 0;
    forwardOutputs(weights);
    const largest = Math.max(...outputs);
    let total = 0;
    for (let out = 0; out < CLASSES; out++) {
      outputs[out] = Math.exp(outputs[out]! - largest);
      total += outputs[out]!;
    }
    hiddenGradient.fill(0);
    for (let out = 0; out < CLASSES; out++) {
      const error = (outputs[out]! / total - (out === labels[picture] ? 1 : 0)) / BATCH;
      for (let unit = 0; unit < HIDDEN; unit++) {
        const at = INPUT_WEIGHTS + unit * CLASSES + out;
        gradient[at]! += error * hidden[unit]!;
        hiddenGradient[unit]! += error * weights[at]!;
      }
      gradient[INPUT_WEIGHTS + HIDDEN * CLASSES + out]! += error;
    }
    for (let unit = 0; unit < HIDDEN; unit++)
      hiddenGradient[unit]! *= hidden[unit]! > 0 ? scale : 0;
    for (let pixel = 0; pixel <= PIXELS; pixel++) {
      const value = pixel === PIXELS ? 1 : ink[start + pixel]!;
      const at = pixel * HIDDEN;
      for (let unit = 0; unit < HIDDEN; unit++)
        gradient[at + unit]! += value * hiddenGradient[unit]!;
    }
  }

  #sgd(learningRate: number, momentum: number): void {
    for (let at = 0; at < WEIGHTS; at++) {
      this.#first[at] = momentum * this.#first[at]! + gradient[at]!;
      this.#weights[at]! -= learningRate * this.#first[at]!;
    }
  }

  #adam(learningRate: number, beta1: number): void {
    const fix1 = 1 / (1 - beta1 ** this.#updates);
    const fix2 = 1 / (1 - 0.999 ** this.#updates);
    for (let at = 0; at < WEIGHTS; at++) {
      const slope = gradient[at]!;
      this.#first[at] = beta1 * this.#first[at]! + (1 - beta1) * slope;
      this.#second[at] = 0.999 * this.#second[at]! + 0.001 * slope * slope;
      const size = Math.sqrt(this.#second[at]! * fix2) + 1e-8;
      this.#weights[at]! -= (learningRate * this.#first[at]! * fix1) / size;
    }
  }
}

function forwardHidden(weights: Float32Array, ink: Float32Array, start: number): void {
  const bias = PIXELS * HIDDEN;
  for (let unit = 0; unit < HIDDEN; unit++) hidden[unit] = weights[bias + unit]!;
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const value = ink[start + pixel]!;
    const at = pixel * HIDDEN;
    for (let unit = 0; unit < HIDDEN; unit++) hidden[unit]! += value * weights[at + unit]!;
  }
}

function forwardOutputs(weights: Float32Array): void {
  const bias = INPUT_WEIGHTS + HIDDEN * CLASSES;
  for (let out = 0; out < CLASSES; out++) {
    let sum = weights[bias + out]!;
    for (let unit = 0; unit < HIDDEN; unit++)
      sum += hidden[unit]! * weights[INPUT_WEIGHTS + unit * CLASSES + out]!;
    outputs[out] = sum;
  }
}

/** Share of the first `count` pictures that are read right; 0 with weights that are not finite. */
function accuracyOf(weights: Float32Array, pictures: Pictures, count = pictures.count): number {
  let right = 0;
  for (let picture = 0; picture < count; picture++) {
    forwardHidden(weights, pictures.ink, picture * PIXELS);
    for (let unit = 0; unit < HIDDEN; unit++) hidden[unit] = Math.max(0, hidden[unit]!);
    forwardOutputs(weights);
    const label = pictures.labels[picture]!;
    if (outputs.every((output, out) => out === label || output < outputs[label]!)) right++;
  }
  return right / count;
}
