import { defineExperiment, logUniform, maximize } from "clade";

class Climber {
  weights = new Float64Array(1);
  step({ rate }) {
    this.weights[0] += rate * (1 - this.weights[0]);
  }
  evaluate() {
    return { height: this.weights[0] };
  }
  save() {
    return { weights: this.weights };
  }
  restore({ weights }) {
    this.weights = weights;
  }
}

export default defineExperiment({
  name: "climb",
  population: 4,
  hyperparameters: { rate: logUniform(1e-4, 1e-2) },
  objective: maximize("height"),
  budget: { stepsPerMember: 200 },
  synchronous: true,
  trainer: Climber,
});
