/** A trainer that keeps its core busy, for benchmarks/threads.ts. */
import { defineExperiment, everySteps, logUniform, maximize } from "clade";

/** Of arithmetic in a step. */
const rounds = 2_000_000;

class Busy {
  weights = new Float64Array(64).fill(0.5);
  step({ rate }: { rate: number }) {
    const { weights } = this;
    for (let round = 0; round < rounds; round++) {
      const at = round & 63;
      weights[at] = weights[at]! + rate * Math.sin(weights[(at + 7) & 63]! + round);
    }
  }
  evaluate() {
    return { height: this.weights[0]! };
  }
  save() {
    return { weights: this.weights.slice() };
  }
  restore({ weights }: { weights: Float64Array }) {
    this.weights = weights.slice();
  }
}

export default defineExperiment({
  name: "busy",
  population: 8,
  hyperparameters: { rate: logUniform(1e-4, 1e-2) },
  objective: maximize("height"),
  ready: everySteps(1),
  budget: { stepsPerMember: 100 },
  trainer: Busy,
});
