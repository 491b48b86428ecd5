// A trainer that speaks Clade's protocol itself, one JSON message a line: a polynomial learns a
// sine by gradient descent.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

let hyperparameters, seed, model;
const points = Array.from({ length: 201 }, (_, index) => index / 100 - 1);
const zeros = [0, 0, 0, 0, 0, 0];
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const predict = (x) => model.weights.reduce((sum, weight, power) => sum + weight * x ** power, 0);
const errorAt = (x) => predict(x) - Math.sin(3 * x);
// From -1 to 1. Draws that follow from the seed and a saved counter make the training repeatable.
const draw = (...counters) =>
  parseInt(sha256([seed, ...counters].join()).slice(0, 8), 16) / 2 ** 31 - 1;

function step() {
  const { learningRate: rate, momentum } = hyperparameters;
  for (let example = 0; example < 20; example++) {
    const x = draw(model.steps, example);
    const error = errorAt(x);
    model.velocity = model.velocity.map(
      (speed, power) => momentum * speed - rate * error * x ** power,
    );
    model.weights = model.weights.map((weight, power) => weight + model.velocity[power]);
  }
  model.steps++;
}

const methods = {
  initialize: () => ({ protocol: 1, trainer: "sine 1.0", capabilities: { repeatedSetup: true } }),
  setup(params) {
    ({ seed, hyperparameters } = params);
    model = { weights: zeros.map((_, power) => draw("weight", power)), velocity: zeros, steps: 0 };
    return { hyperparameters };
  },
  // The state may be another member's. The seed is this member's own, so that a copy goes on with
  // fresh draws.
  restore(params) {
    ({ seed, hyperparameters } = params);
    const file = readFileSync(`${params.directory}/model.json`);
    model = JSON.parse(file);
    return { hyperparameters, checkpoint: sha256(`${sha256(file)} ${file.length} model.json\n`) };
  },
  train({ steps }) {
    for (let done = 0; done < steps; done++) step();
    return { steps };
  },
  evaluate: () => ({
    metrics: { loss: points.reduce((sum, x) => sum + errorAt(x) ** 2 / 201, 0) },
  }),
  // Everything that the next step depends on.
  save: ({ directory }) => writeFileSync(`${directory}/model.json`, JSON.stringify(model)),
  shutdown() {},
};

const send = (message) => console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  try {
    send({ id, result: methods[method](params) ?? {} });
  } catch ({ message, stack }) {
    send({
      id,
      error: { code: method in methods ? -32000 : -32601, message, data: { traceback: stack } },
    });
  }
  if (method === "shutdown") break;
}
