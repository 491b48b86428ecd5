import { writeFileSync } from "node:fs";
import { BadInputError } from "../algorithm/problem.ts";
import { clade } from "./clade-command.ts";

export function initCommand(file: string): void {
  if (!/\.m?ts$/.test(file)) {
    throw new BadInputError([
      { path: "file", value: file, rule: "must end in .ts", remedy: "give a name such as experiment.ts" },
    ]);
  }
  try {
    writeFileSync(file, template, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new BadInputError([
      {
        path: "file",
        value: file,
        rule: "exists already and is not overwritten",
        remedy: "give another name",
      },
    ]);
  }
  console.log(
    `written: ${file}. Try it out with: ${clade} check ${file}      Train with: ${clade} run ${file}`,
  );
}

const template = `/** A starting point: a polynomial learns a sine by gradient descent. Replace the trainer with your own. */
import { defineExperiment, everySteps, logUniform, minimize, perturb, truncationSelection, uniform } from "clade";

interface Hyperparameters {
  readonly learningRate: number;
  readonly momentum: number;
}

/** One model in memory: trained step by step, scored, saved, and made to hold another member's state. */
class SineTrainer {
  weights = new Float64Array(6);
  velocity = new Float64Array(6);

  constructor({ seed }: { readonly seed: number }) {
    for (let power = 0; power < 6; power++) this.weights[power] = Math.sin(seed + power) / 2;
  }

  step({ learningRate, momentum }: Hyperparameters) {
    for (let batch = 0; batch < 20; batch++) {
      const x = Math.random() * 2 - 1;
      const error = this.predict(x) - Math.sin(3 * x);
      for (let power = 0; power < 6; power++) {
        this.velocity[power] = momentum * this.velocity[power]! - learningRate * error * x ** power;
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
    return { weights: this.weights, velocity: this.velocity };
  }

  restore({ weights, velocity }: { weights: Float64Array; velocity: Float64Array }) {
    this.weights = weights;
    this.velocity = velocity;
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
  ready: everySteps(50),
  exploit: truncationSelection({ fraction: 0.25 }),
  explore: perturb({ factors: [0.8, 1.25] }),
  budget: { stepsPerMember: 2000 },
  trainer: SineTrainer,
});
`;
