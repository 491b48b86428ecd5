/** The module that threads of the tests load. What may go wrong is in the environment. */
import { existsSync, writeFileSync } from "node:fs";
import { defineExperiment, everySteps, logUniform, maximize, randomStream } from "clade";

export class Climber {
  state: { seed: number; steps: number; height: number; weights: Float32Array };
  constructor({ seed }: { seed: number }) {
    this.state = { seed, steps: 0, height: 0, weights: new Float32Array(4) };
  }
  step({ rate }: { rate: number }) {
    const { CLADE_TEST_DIES: flag, CLADE_TEST_THROWS: throws } = process.env;
    // As when a batch is too large for the memory.
    if (process.env.CLADE_TEST_TOO_FAST && rate > 0.5) process.exit(134);
    if (flag && this.state.steps === 12 && !existsSync(flag)) {
      writeFileSync(flag, "");
      process.exit(7);
    }
    if (throws && this.state.steps === 12) throw new RangeError("exploded in a thread");
    const noise = randomStream(this.state.seed, this.state.steps++).normal();
    this.state.height += rate * (1 - this.state.height) + 0.1 * rate * noise;
    this.state.weights[0] = this.state.height;
  }
  evaluate() {
    return { height: this.state.height };
  }
  save() {
    return { state: { ...this.state, weights: this.state.weights.slice() } };
  }
  restore({ state }: { state: Climber["state"] }) {
    this.state = state;
  }
}

export const declaration = {
  name: "climbing",
  population: 4,
  hyperparameters: { rate: logUniform(1e-3, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
  budget: { stepsPerMember: 100 },
  synchronous: true,
  trainer: Climber,
} as const;

export default defineExperiment(declaration);
