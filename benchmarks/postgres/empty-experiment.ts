import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  perturb,
  truncationSelection,
} from "clade";

/** A generation that costs nothing but the engine. `onStep` is called at the beginning of each. */
export function emptyExperiment(population: number, stepsPerMember: number, onStep = () => {}) {
  class EmptyTrainer {
    #step = 0;
    step() {
      onStep();
      this.#step++;
    }
    evaluate() {
      return { score: Math.sin(this.#step) };
    }
    save() {
      return {};
    }
    restore() {}
  }
  return defineExperiment({
    name: "empty",
    population,
    hyperparameters: { rate: logUniform(1e-4, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    exploit: truncationSelection(),
    explore: perturb(),
    budget: { stepsPerMember },
    trainer: EmptyTrainer,
  });
}
