/** The paper's toy, run without Node. The test bundles this file. */
import { defineExperiment, everySteps, maximize, run, truncationSelection, uniform } from "clade";

class Toy {
  theta = [0.9, 0.9];
  step({ h0, h1 }: { h0: number; h1: number }) {
    this.theta = [this.theta[0]! * (1 - 0.02 * h0), this.theta[1]! * (1 - 0.02 * h1)];
  }
  evaluate() {
    return { q: 1.2 - this.theta[0]! ** 2 - this.theta[1]! ** 2 };
  }
  save() {
    return { theta: this.theta };
  }
  restore({ theta }: { theta: number[] }) {
    this.theta = theta;
  }
}

const experiment = defineExperiment({
  name: "toy",
  population: 2,
  hyperparameters: {
    h0: uniform(0, 1, { bounds: [-10, 10] }),
    h1: uniform(0, 1, { bounds: [-10, 10] }),
  },
  initial: [
    { h0: 1, h1: 0 },
    { h0: 0, h1: 1 },
  ],
  objective: maximize("q"),
  ready: everySteps(10),
  exploit: truncationSelection({ fraction: 0.5, copy: "weights" }),
  explore: ({ h0, h1 }, _space, random) => ({
    h0: h0 + 0.1 * random.normal(),
    h1: h1 + 0.1 * random.normal(),
  }),
  exploreEvery: "generation",
  budget: { stepsPerMember: 200 },
  trainer: Toy,
});

/**
 * The result as JSON, so that it can be compared across realms. In 9 digits, because engines
 * differ in the last digits of Math.cos.
 */
export async function runToy(): Promise<string> {
  const { seconds, run: name, ...result } = await run(experiment, { seed: 1 });
  const rounded = (key: string, value: unknown) => {
    if (key === "checkpoint") return undefined;
    return typeof value === "number" ? Number(value.toPrecision(9)) : value;
  };
  return JSON.stringify(
    { ...result, isNamed: name.startsWith("toy-"), isTimed: seconds >= 0 },
    rounded,
  );
}
