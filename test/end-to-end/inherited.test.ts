import { afterEach, beforeEach, expect, test } from "vitest";
import { Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

test("weights that have a shape keep it, and a person sees which shapes are left", async () => {
  place.write(
    "shaped.mjs",
    `import { createInterface } from "node:readline";
import { readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
let weights = [], values = {};
const sha = (text) => createHash("sha256").update(text).digest("hex");
const does = {
  initialize: () => ({ protocol: 1, capabilities: { repeatedSetup: true } }),
  setup({ hyperparameters }) {
    weights = Array(hyperparameters.width).fill(0);
    return { hyperparameters: (values = hyperparameters) };
  },
  restore({ hyperparameters, directory }) {
    const text = readFileSync(directory + "/weights.json", "utf8");
    weights = JSON.parse(text);
    if (weights.length !== hyperparameters.width) throw new Error("size mismatch");
    const line = sha(text) + " " + text.length + " weights.json\\n";
    return { hyperparameters: (values = hyperparameters), checkpoint: sha(line) };
  },
  train({ steps }) {
    weights = weights.map((weight) => weight + steps * values.rate);
    return { steps };
  },
  evaluate: () => ({ metrics: { weight: weights[0] } }),
  save({ directory }) {
    writeFileSync(directory + "/weights.json", JSON.stringify(weights));
    return {};
  },
  shutdown: () => process.exit(0),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  let answer;
  try {
    answer = { result: does[method](params) };
  } catch ({ message }) {
    answer = { error: { code: -32000, message } };
  }
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
}
`,
  );
  place.write(
    "shaped.yaml",
    `name: shaped
population: 8
hyperparameters:
  rate: { logUniform: [1e-3, 1] }
  width: { choice: [16, 32, 64], inherited: true }
objective: { maximize: weight }
ready: { everySteps: 5 }
exploit: truncationSelection
budget: { stepsPerModel: 60 }
trainer: node shaped.mjs
`,
  );
  const { code, stdout } = await place.ask("run", "shaped.yaml", "--seed", "1");
  expect(code).toBe(0);
  expect(stdout).not.toContain("size mismatch");
  const shown = (await place.ask("show")).stdout;
  const alive = shown.match(/^width is inherited with the weights: (.*)$/m)![1]!;
  const counts = [...alive.matchAll(/(16|32|64) in (\d) member/g)].map(([, , of]) => Number(of));
  expect(counts.reduce((sum, of) => sum + of, 0)).toBe(8);
});
