/** The reference problems on which strategies are compared, each with one number of a run. */
import { setImmediate } from "node:timers/promises";
import {
  choice,
  defineExperiment,
  type Experiment,
  type ExperimentDeclaration,
  everySteps,
  logUniform,
  maximize,
  randomStream,
  uniform,
} from "clade";
import type { FinishedRun } from "../reference/finished-run.ts";
import { HorizonTrainer } from "../reference/horizon-trainer.ts";
import { goal, TriangleTrainer } from "../reference/triangle-trainer.ts";
import { DigitsTrainer } from "./digits-trainer.ts";

/** The parts of an experiment that a strategy may choose. */
export type Choices = Pick<ExperimentDeclaration, "exploit" | "explore">;

export interface Task {
  readonly name: string;
  readonly of: (choices: Choices, population: number) => Experiment;
  /** What a finished run has reached. */
  readonly result: (run: FinishedRun) => number;
  readonly digits: number;
  /** For a task that takes long: fewer seeds, and only some sizes of the population. */
  readonly seeds?: number;
  readonly sizes?: readonly number[];
}

/** Final Q of the model that has the best last score. Noise changes the score, not Q. */
const finalQ = ({ members }: FinishedRun) =>
  members.reduce((best, other) => ((other.score ?? 0) > (best.score ?? 0) ? other : best)).metrics
    .q!;

export function horizon(
  name: string,
  weight: number,
  target: (share: number) => number,
  { steps = 20, noise = 0 }: { readonly steps?: number; readonly noise?: number } = {},
): Task {
  return {
    name,
    of: (choices, population) =>
      defineExperiment({
        name: "horizon",
        population,
        hyperparameters: { h: uniform(0.9, 1.1, { bounds: [1e-4, 1.1] }) },
        objective: maximize("score"),
        ready: everySteps(steps),
        budget: { stepsPerMember: 1000 },
        synchronous: true,
        trainer: ({ seed }: { readonly seed: number }) =>
          new NoisyHorizonTrainer(weight, { seed, target, steps, noise }),
        ...choices,
      } as unknown as ExperimentDeclaration),
    result: finalQ,
    digits: 4,
  };
}

class NoisyHorizonTrainer extends HorizonTrainer {
  seed: number;
  readonly noise: number;

  constructor(
    weight: number,
    given: {
      readonly seed: number;
      readonly target: (share: number) => number;
      readonly steps: number;
      readonly noise: number;
    },
  ) {
    super(weight, given);
    this.seed = given.seed;
    this.noise = given.noise;
  }

  override evaluate() {
    const { q } = super.evaluate();
    const noise = this.noise * randomStream("noise", this.seed, this.steps).normal();
    return { q, score: q + noise };
  }

  override restore(
    saved: Parameters<HorizonTrainer["restore"]>[0],
    { seed }: { readonly seed: number } = { seed: this.seed },
  ) {
    super.restore(saved);
    this.seed = seed;
  }
}

/**
 * The workers of a process take turns where trainers wait: once a generation, so that they
 * advance at the same pace, or three times, for members of odd seeds if speeds are mixed.
 */
function turnTaking(mixed: boolean) {
  return class extends TriangleTrainer {
    override async evaluate() {
      const turns = mixed && this.seed % 2 === 1 ? 3 : 1;
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      return super.evaluate();
    }
  };
}

export function triangle(name: string, { synchronous = true, mixed = false } = {}): Task {
  return {
    name,
    of: (choices, population) =>
      defineExperiment({
        name: "triangle-wave",
        population,
        hyperparameters: { lr: uniform(1e-4, 0.02) },
        initial: { lr: 1e-4 },
        objective: maximize("acc"),
        ready: everySteps(5),
        budget: { stepsPerMember: 1000, targetScore: goal },
        synchronous,
        trainer: synchronous ? TriangleTrainer : turnTaking(mixed),
        ...choices,
      } as unknown as ExperimentDeclaration),
    result: ({ members }) =>
      Math.min(
        ...members.map(({ score, step, metrics }) =>
          (score ?? 0) > goal ? step - metrics.idle! : 1000,
        ),
      ),
    digits: 0,
  };
}

/** The accuracy on the test pictures of the model that is best on all validation pictures. */
const digits: Task = {
  name: "digits, accuracy",
  of: (choices, population) =>
    defineExperiment({
      name: "digits",
      population,
      hyperparameters: {
        learningRate: logUniform(1e-3, 1),
        momentum: uniform(0.5, 0.99),
        dropout: uniform(0, 0.8),
        optimizer: choice("sgd", "adam"),
      },
      objective: maximize("accuracy", { final: "finalAccuracy" }),
      ready: everySteps(60),
      budget: { stepsPerMember: 3000 },
      synchronous: true,
      trainer: DigitsTrainer,
      ...choices,
    } as unknown as ExperimentDeclaration),
  result: ({ members }) =>
    members.reduce((best, other) =>
      other.metrics.finalAccuracy! > best.metrics.finalAccuracy! ? other : best,
    ).metrics.testAccuracy!,
  digits: 3,
  seeds: 16,
  sizes: [4, 8],
};

const linear = (share: number) => 1 - share;

export const tasks: readonly Task[] = [
  triangle("T3, steps"),
  horizon("Plain", 0, linear),
  horizon("Deceptive", 0.2, linear),
  horizon("quadratic", 0.2, (share) => (1 - share) ** 2),
  horizon("Deceptive, S = 25", 0.2, linear, { steps: 25 }),
  horizon("noise of 0.01", 0.2, linear, { noise: 0.01 }),
  horizon("noise of 0.02", 0.2, linear, { noise: 0.02 }),
  digits,
];
