/**
 * A starting point: a polynomial learns a sine by gradient descent. Replace the trainer with your
 * own.
 */
import { defineExperiment, logUniform, minimize, randomStream, uniform } from "clade";

interface Hyperparameters {
  readonly learningRate: number;
  readonly momentum: number;
}

/**
 * One model in memory: trained step by step, scored, saved, and made to hold another member's
 * state.
 */
class SineTrainer {
  weights: Float64Array = new Float64Array(6);
  velocity: Float64Array = new Float64Array(6);
  steps = 0;
  seed: number;

  constructor({ seed }: { readonly seed: number }) {
    this.seed = seed;
    const random = randomStream(seed, "weights");
    for (let power = 0; power < 6; power++) this.weights[power] = random.normal() / 2;
  }

  step({ learningRate, momentum }: Hyperparameters) {
    // Draws that follow from the seed and a saved counter make the training repeatable.
    const random = randomStream(this.seed, this.steps++);
    for (let example = 0; example < 20; example++) {
      const x = random.uniform() * 2 - 1;
      const error = this.predict(x) - Math.sin(3 * x);
      for (let power = 0; power < 6; power++) {
        this.velocity[power] =
          momentum * this.velocity[power]! - learningRate * error * x ** power;
        this.weights[power]! += this.velocity[power]!;
      }
    }
  }

  evaluate() {
    let loss = 0;
    for (let x = -1; x <= 1; x += 0.01) loss += (this.predict(x) - Math.sin(3 * x)) ** 2 / 201;
    return { loss };
  }

  /** Everything that the next step depends on. */
  save() {
    return { weights: this.weights, velocity: this.velocity, steps: this.steps };
  }

  /**
   * The state may be another member's. The seed is this member's own, so that a copy goes on with
   * fresh draws.
   */
  restore(
    state: { weights: Float64Array; velocity: Float64Array; steps: number },
    { seed }: { readonly seed: number },
  ) {
    this.weights = state.weights;
    this.velocity = state.velocity;
    this.steps = state.steps;
    this.seed = seed;
  }

  predict(x: number) {
    return this.weights.reduce((sum, weight, power) => sum + weight * x ** power, 0);
  }
}

export default defineExperiment({
  name: "sine",
  population: 8,
  hyperparameters: { learningRate: logUniform(1e-3, 1), momentum: uniform(0, 0.95) },
  objective: minimize("loss"),
  budget: { stepsPerModel: 2000 }, // no model is trained for more, across its copies
  trainer: SineTrainer,
});
