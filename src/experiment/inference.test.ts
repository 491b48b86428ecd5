import {
  choice,
  conditional,
  constant,
  defineExperiment,
  everySteps,
  integer,
  logUniform,
  maximize,
  ordinal,
  type SpaceDeclaration,
  type Trainer,
  type TrainerContext,
  type TrainerSource,
  uniform,
  type ValuesOf,
} from "clade";
import { expectTypeOf, test } from "vitest";

const hyperparameters = {
  learningRate: logUniform(1e-4, 1e-1),
  layers: integer(1, 8),
  optimizer: choice("sgd", "adam"),
  batch: ordinal(16, 32, 64),
  mixed: choice("none", 0.5, true),
  activation: constant("gelu"),
  momentum: conditional("optimizer", "sgd", uniform(0, 0.99)),
  schedule: conditional("optimizer", ["sgd", "adam"], choice("cosine", "linear")),
};
interface Expected {
  readonly learningRate: number;
  readonly layers: number;
  readonly optimizer: "sgd" | "adam";
  readonly batch: 16 | 32 | 64;
  readonly mixed: "none" | 0.5 | true;
  readonly activation: "gelu";
  readonly momentum: number | undefined;
  readonly schedule: "cosine" | "linear" | undefined;
}
type Values = ValuesOf<typeof hyperparameters>;

const rest = {
  name: "types",
  population: 2,
  objective: maximize("score"),
  ready: everySteps(1),
  budget: { stepsPerMember: 1 },
};
const untrained = { evaluate: () => ({ score: 1 }), save: () => ({}), restore() {} };

// `npx tsc --noEmit` checks what this file asserts; running it checks only that the declarations
// are accepted.

test("the values of a space have the types of its hyperparameters", () => {
  expectTypeOf<Values>().toEqualTypeOf<Expected>();
});

test("explore and a trainer made by a function get those types without naming them", () => {
  defineExperiment({
    ...rest,
    hyperparameters,
    explore(values) {
      expectTypeOf(values).toEqualTypeOf<Expected>();
      return { ...values, layers: values.layers + 1 };
    },
    trainer: (context) => {
      expectTypeOf(context.hyperparameters).toEqualTypeOf<Expected>();
      return {
        ...untrained,
        step(values) {
          expectTypeOf(values.learningRate).toEqualTypeOf<number>();
          expectTypeOf(values.optimizer).toEqualTypeOf<"sgd" | "adam">();
          expectTypeOf(values.momentum).toEqualTypeOf<number | undefined>();
        },
      };
    },
  });
});

test("hyperparameters that are declared in place are inferred the same", () => {
  defineExperiment({
    ...rest,
    hyperparameters: { rate: uniform(0, 1), optimizer: choice("sgd", "adam") },
    trainer: ({ hyperparameters: values }) => {
      expectTypeOf(values).toEqualTypeOf<{
        readonly rate: number;
        readonly optimizer: "sgd" | "adam";
      }>();
      return { ...untrained, step() {} };
    },
  });
});

class DigitsTrainer implements Trainer<Values> {
  readonly optimizer: "sgd" | "adam";
  constructor({ hyperparameters: values }: TrainerContext<Values>) {
    this.optimizer = values.optimizer;
  }
  step(values: Values): void {
    expectTypeOf(values.momentum).toEqualTypeOf<number | undefined>();
  }
  evaluate() {
    return { score: 1 };
  }
  save() {
    return { weights: new Float32Array(2) };
  }
  restore(_state: { weights: Float32Array }) {}
}

test("a class of trainers fits the space that it was written for", () => {
  defineExperiment({ ...rest, hyperparameters, trainer: DigitsTrainer });
  expectTypeOf(DigitsTrainer).toExtend<TrainerSource<Values>>();
  expectTypeOf(DigitsTrainer).not.toExtend<TrainerSource<{ readonly learningRate: number }>>();
});

test("what does not fit is a compile error", () => {
  /** Compiled, never run. */
  const declarations = () => {
    const fitting = { ...rest, hyperparameters, trainer: DigitsTrainer };
    // @ts-expect-error the optimizer is no number
    defineExperiment({ ...fitting, initial: { optimizer: 3 } });
    // @ts-expect-error there is no hyperparameter of this name
    defineExperiment({ ...fitting, initial: { learningrate: 0.1 } });
    // @ts-expect-error the space lacks most of what the trainer reads
    defineExperiment({ ...fitting, hyperparameters: { rate: uniform(0, 1) } });
    // @ts-expect-error a plain value is no hyperparameter
    const space: SpaceDeclaration = { rate: 0.1 };
    return space;
  };
  expectTypeOf(declarations).returns.toEqualTypeOf<SpaceDeclaration>();
});
