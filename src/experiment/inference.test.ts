import {
  type Conditional,
  choice,
  command,
  conditional,
  constant,
  copy,
  defineExperiment,
  type Experiment,
  everySteps,
  integer,
  logUniform,
  maximize,
  ordinal,
  type Snapshot,
  type SpaceDeclaration,
  type Trainer,
  type TrainerContext,
  type TrainerSource,
  uniform,
  type ValuesOf,
  withSettings,
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
/** What exists whatever the optimizer is. */
interface Always {
  readonly learningRate: number;
  readonly layers: number;
  readonly batch: 16 | 32 | 64;
  readonly mixed: "none" | 0.5 | true;
  readonly activation: "gelu";
  readonly schedule: "cosine" | "linear";
}
type Expected =
  | (Always & { readonly optimizer: "sgd"; readonly momentum: number })
  | (Always & { readonly optimizer: "adam"; readonly momentum: undefined });
type Values = ValuesOf<typeof hyperparameters>;

const rest = {
  name: "types",
  population: 2,
  objective: maximize("score"),
  ready: everySteps(1),
  budget: { stepsPerMember: 1 },
};
const untrained = { evaluate: () => ({ score: 1 }), save: () => ({}), restore() {} };

// `npm run check` checks what this file asserts; running it checks only that the declarations
// are accepted.

test("the values of a space have the types of its hyperparameters", () => {
  expectTypeOf<Values>().branded.toEqualTypeOf<Expected>();
});

test("explore and a trainer made by a function get those types without naming them", () => {
  defineExperiment({
    ...rest,
    hyperparameters,
    explore(values) {
      expectTypeOf(values).toEqualTypeOf<Values>();
      return { ...values, layers: values.layers + 1 };
    },
    trainer: (context) => {
      expectTypeOf(context.hyperparameters).toEqualTypeOf<Values>();
      return {
        ...untrained,
        step(values) {
          expectTypeOf(values.learningRate).toEqualTypeOf<number>();
          expectTypeOf(values.optimizer).toEqualTypeOf<"sgd" | "adam">();
          expectTypeOf(values.momentum).toEqualTypeOf<number | undefined>();
          if (values.optimizer === "sgd") expectTypeOf(values.momentum).toEqualTypeOf<number>();
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

test("an experiment knows its metrics, its state and its trainer", () => {
  const experiment = defineExperiment({ ...rest, hyperparameters, trainer: DigitsTrainer });
  type Weights = { weights: Float32Array<ArrayBuffer> };
  expectTypeOf(experiment).toEqualTypeOf<Experiment<Values, "score", Weights, DigitsTrainer>>();
  expectTypeOf(experiment).toExtend<Experiment>();
  expectTypeOf(withSettings(experiment, {})).toEqualTypeOf<typeof experiment>();
});

test("metrics may be an interface, and a condition may be on a name that is not known", () => {
  interface Metrics {
    readonly score: number;
    readonly heldOut?: number;
  }
  class Interfaced extends DigitsTrainer {
    override evaluate(): Metrics {
      return { score: 1 };
    }
  }
  const experiment = defineExperiment({ ...rest, hyperparameters, trainer: Interfaced });
  expectTypeOf(experiment).toExtend<Experiment<Values, "score" | "heldOut">>();

  const wide: Conditional<number> = conditional("optimizer", "sgd", uniform(0, 1));
  const space = { ...hyperparameters, wide };
  expectTypeOf<ValuesOf<typeof space>["wide"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<
    Extract<ValuesOf<typeof space>, { optimizer: "sgd" }>["momentum"]
  >().toEqualTypeOf<number>();
});

test("of a command's trainer and of an experiment file any name may be asked for", () => {
  const experiment = defineExperiment({ ...rest, hyperparameters, trainer: command("./train") });
  expectTypeOf(experiment).toExtend<Experiment<Values, string, object>>();
});

test("a strategy of the user's own knows the hyperparameters, and tells cases apart", () => {
  defineExperiment({
    ...rest,
    hyperparameters,
    exploit(member, { ranked, best, history }) {
      expectTypeOf(member.hyperparameters).toEqualTypeOf<Values>();
      expectTypeOf(ranked[0]!.hyperparameters).toEqualTypeOf<Values>();
      expectTypeOf(best).toEqualTypeOf<Snapshot<Values> | undefined>();
      expectTypeOf(history.startOf(member)).toEqualTypeOf<Snapshot<Values> | undefined>();
      const values = member.hyperparameters;
      if (values.optimizer === "sgd") expectTypeOf(values.momentum).toEqualTypeOf<number>();
      return copy(ranked[0]!, "both", "the best");
    },
    explore: (values, _space, _random, { member }) => {
      expectTypeOf(member.hyperparameters).toEqualTypeOf<Values>();
      return { hyperparameters: values, remark: "as it was" };
    },
    trainer: DigitsTrainer,
  });
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
