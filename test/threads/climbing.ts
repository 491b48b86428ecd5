/** The module that threads of the tests load. What may go wrong is in the environment. */
import { mkdirSync } from "node:fs";
import { defineExperiment, everySteps, logUniform, maximize } from "clade";
import { NoisyClimber } from "../../src/run/climbing.test-support.ts";

class Climber extends NoisyClimber {
  override step({ rate }: { rate: number }) {
    const { CLADE_TEST_DIES: flag, CLADE_TEST_THROWS: throws } = process.env;
    // As when a batch is too large for the memory.
    if (process.env.CLADE_TEST_TOO_FAST && rate > 0.5) process.exit(134);
    if (flag && this.state.steps === 12 && isFirst(flag)) process.exit(7);
    if (throws && this.state.steps === 12) throw new RangeError("exploded in a thread");
    super.step({ rate });
  }
  override save() {
    return { state: this.state, weights: Float64Array.of(this.state.height) };
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

/** Two threads may come at once, and only one of them makes the directory. */
function isFirst(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
