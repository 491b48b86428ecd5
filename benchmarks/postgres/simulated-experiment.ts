import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  perturb,
  truncationSelection,
} from "clade";

/** A generation that takes a time, give or take a tenth, and no processor. */
export function simulatedExperiment(
  population: number,
  stepsPerMember: number,
  generationMs: () => number,
) {
  class SimulatedTrainer {
    #score = 0;
    async step({ rate }: { readonly rate: number }) {
      const ms = generationMs() * (0.9 + 0.2 * Math.random());
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      this.#score += rate * Math.random();
    }
    evaluate() {
      return { score: this.#score };
    }
    save() {
      return { score: this.#score };
    }
    restore({ score }: { readonly score: number }) {
      this.#score = score;
    }
  }
  return defineExperiment({
    name: "simulated",
    population,
    hyperparameters: { rate: logUniform(1e-4, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    exploit: truncationSelection(),
    explore: perturb(),
    budget: { stepsPerMember },
    trainer: SimulatedTrainer,
  });
}
