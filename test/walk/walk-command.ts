/** The walk as a command: `node walk-command.ts` speaks the trainer protocol. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { savedIn, Walk, type WalkHyperparameters } from "./walk.ts";

const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const send = (message: object) =>
  writeSync(1, `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

let walk = new Walk({ seed: 0 });
let hyperparameters: WalkHyperparameters;

type Turn = {
  readonly seed: number;
  readonly hyperparameters: WalkHyperparameters;
  readonly directory: string;
};

const calls: { readonly [method: string]: (params: never) => unknown } = {
  initialize: () => ({
    protocol: 1,
    trainer: "walk",
    capabilities: { repeatedSetup: true, readsBack: true },
  }),
  setup(turn: Turn) {
    walk = new Walk(turn);
    ({ hyperparameters } = turn);
    return { hyperparameters };
  },
  restore({ directory, ...turn }: Turn) {
    const names = readdirSync(directory).sort();
    const files = new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
    const lines = Array.from(
      files,
      ([name, bytes]) => `${sha256(bytes)} ${bytes.length} ${name}\n`,
    );
    walk.restore(savedIn(files));
    ({ hyperparameters } = turn);
    return { hyperparameters, checkpoint: sha256(lines.join("")) };
  },
  async train({ steps }: { readonly steps: number }) {
    for (let step = 1; step <= steps; step++) {
      await walk.step(hyperparameters);
      send({ method: "progress", params: { steps: step } });
    }
    return { steps };
  },
  evaluate() {
    const { samples, ...metrics } = walk.evaluate();
    return { metrics, samples };
  },
  save({ directory }: Turn) {
    const { walk: state, home, landscape } = walk.save();
    writeFileSync(join(directory, "walk.json"), JSON.stringify(state));
    writeFileSync(join(directory, "home.bin"), home);
    if (landscape) writeFileSync(join(directory, "landscape.bin"), landscape);
    return {};
  },
  shutdown: () => ({}),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line) as {
    id: number;
    method: string;
    params: unknown;
  };
  try {
    send({ id, result: await calls[method]!(params as never) });
  } catch (error) {
    const { message, stack } = error as Error;
    send({ id, error: { code: -32000, message, data: { traceback: stack } } });
  }
  if (method === "shutdown") process.exit(0);
}
