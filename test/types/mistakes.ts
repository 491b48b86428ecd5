// What the compiler says of mistakes; messages.test.ts compares. This file does not compile.
import {
  choice,
  conditional,
  defineExperiment,
  maximize,
  minimize,
  type Trainer,
  uniform,
} from "clade";

interface Values {
  readonly rate: number;
}

class Digits implements Trainer<Values> {
  step(_: Values) {}
  evaluate() {
    return { accuracy: 1, loss: 0 };
  }
  save() {
    return { weights: new Float32Array(2) };
  }
  restore(_: { weights: Float32Array }) {}
}

class Forgetful implements Trainer<Values> {
  step(_: Values) {}
  evaluate() {
    return { accuracy: 1 };
  }
  save() {
    return { weights: new Float32Array(2) };
  }
  restore(_: { weights: Float32Array; steps: number }) {}
}

class Talkative extends Digits {
  override evaluate() {
    return { accuracy: 1, loss: 0, note: "well done" };
  }
}

const right = {
  name: "right",
  population: 2,
  hyperparameters: { rate: uniform(0, 1) },
  objective: maximize("accuracy"),
  budget: { stepsPerMember: 1 },
  trainer: Digits,
} as const;
const optimizer = choice("sgd", "adam");

export const experiments = [
  // evaluate() gives no metric "acuracy" | "accuracy" | "loss"
  defineExperiment({ ...right, objective: maximize("acuracy") }),

  // evaluate() gives no metric "heldOut" | "accuracy" | "loss"
  defineExperiment({ ...right, objective: minimize("loss", { final: "heldOut" }) }),

  // restore() takes another state than save() gives
  defineExperiment({ ...right, trainer: Forgetful }),

  // evaluate() gives "note", which is no number
  defineExperiment({ ...right, trainer: Talkative }),

  // momentum depends on "optimiser", which is no hyperparameter here | "rate" | "optimizer"
  defineExperiment({
    ...right,
    hyperparameters: {
      rate: uniform(0, 1),
      optimizer,
      momentum: conditional("optimiser", "sgd", uniform(0, 1)),
    },
  }),

  // momentum depends on a value that optimizer never has | "sgd" | "adam"
  defineExperiment({
    ...right,
    hyperparameters: {
      rate: uniform(0, 1),
      optimizer,
      momentum: conditional("optimizer", "adamw", uniform(0, 1)),
    },
  }),

  // explore gives "rte", which is no hyperparameter here | "rate"
  defineExperiment({ ...right, explore: (values) => ({ ...values, rte: 2 * values.rate }) }),

  // Property 'rate' is missing in type '{ readonly speed: number; }'
  defineExperiment({ ...right, hyperparameters: { speed: uniform(0, 1) } }),

  // 'rte' does not exist in type
  defineExperiment({ ...right, initial: { rte: 0.1 } }),

  // Property 'momentum' does not exist on type
  defineExperiment({
    ...right,
    exploit: (member) => ({
      kind: "keep",
      reason: { text: "", numbers: { momentum: member.hyperparameters.momentum } },
    }),
  }),
];
