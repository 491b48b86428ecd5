import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  perturb,
  randomStream,
  truncationSelection,
} from "clade";

/**
 * Climbs with noise. Its draws belong to the weights: they follow from the seed and the number of
 * steps, which are saved.
 */
export class NoisyClimber {
  state: { seed: number; steps: number; height: number };
  constructor({ seed }: { seed: number }) {
    this.state = { seed, steps: 0, height: 0 };
  }
  step({ rate }: { rate: number }) {
    const noise = randomStream(this.state.seed, this.state.steps++).normal();
    this.state.height += rate * (1 - this.state.height) + 0.1 * rate * noise;
  }
  evaluate() {
    return { height: this.state.height };
  }
  save() {
    return { state: this.state };
  }
  restore({ state }: { state: NoisyClimber["state"] }) {
    this.state = state;
  }
}

export const climbing = {
  name: "climbing",
  population: 8,
  hyperparameters: { rate: logUniform(1e-3, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
  exploit: truncationSelection({ fraction: 0.25 }),
  explore: perturb(),
  budget: { stepsPerMember: 100 },
  trainer: NoisyClimber,
} as const;

export const fewClimbers = defineExperiment({ ...climbing, population: 4 });

/** Waits a moment in each step, so that a run can be seen while it goes on. */
class Unhurried extends NoisyClimber {
  override async step(hyperparameters: { rate: number }) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    super.step(hyperparameters);
  }
}

export const unhurried = defineExperiment({ ...climbing, population: 4, trainer: Unhurried });
