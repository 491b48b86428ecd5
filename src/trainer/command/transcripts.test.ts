import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { command, everySteps } from "clade";
import { expect, test } from "vitest";
import type { SavedState, Turn } from "../trainer-session.ts";
import { commandSession } from "./command-session.ts";

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const transcripts = readdirSync(file("protocol/transcripts")).filter((name) =>
  name.endsWith(".jsonl"),
);

interface Params extends Turn {
  readonly steps: number;
  readonly final: boolean;
  readonly generation: {
    readonly run?: string;
    readonly number: number;
    readonly step: number;
    readonly steps?: number;
    readonly copied?: number;
  };
}

const turnOf = ({ member, seed, hyperparameters, generation }: Params): Turn => {
  const { number, steps, ...same } = generation;
  const place = { ...same, generation: number - 1, stepCount: steps };
  return { member, seed, hyperparameters, place };
};

interface Line {
  readonly clade?: { readonly method: string; readonly params: Params };
  readonly trainer?: { readonly method?: string; readonly id?: number };
}

const linesOf = (name: string) =>
  readFileSync(file(`protocol/transcripts/${name}`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** What the calls resolve, but for `initialize`. */
const outcomesOf: { readonly [name: string]: unknown[] } = {
  "a-generation-and-a-copy.jsonl": [
    undefined,
    3,
    { height: 0.30000000000000004 },
    undefined,
    undefined,
    1,
    { height: 0.5, final: 1, samples: [0.5, 0.5] },
    undefined,
  ],
  "a-value-that-was-overwritten.jsonl": [
    undefined,
    expect.objectContaining({
      message: expect.stringMatching(
        new RegExp(
          "^member 0: .* was told rate = 3; in force 3 before the first step, " +
            "0\\.75 after the last: something sets it",
        ),
      ),
    }),
  ],
  "scores-and-failures.jsonl": [
    undefined,
    { height: Number.NaN },
    undefined,
    expect.objectContaining({
      message: expect.stringMatching(
        /^member 0: .* failed in train: ValueError: rate must not be negative$/,
      ),
      detail: "...",
    }),
  ],
};

test.each(transcripts)("the session says what Clade says in %s", async (name) => {
  const trainer = file("test/fixtures/golden-trainer.mjs");
  const transcript = file(`protocol/transcripts/${name}`);
  const session = commandSession(command(`node '${trainer}' '${transcript}'`), {});
  let saved: SavedState | undefined;
  const outcomes: unknown[] = [];
  const says: { readonly [method: string]: (params: Params) => Promise<unknown> } = {
    setup: (params) => session.start(turnOf(params)),
    restore: (params) => session.restore(saved!, turnOf(params)),
    train: ({ steps, generation }) =>
      session.train({
        hyperparameters: {},
        step: generation.step,
        generation: generation.number - 1,
        ready: everySteps(steps),
        stepsLeft: Infinity,
        millisecondsLeft: Infinity,
      }),
    evaluate: ({ final }) => session.evaluate(final),
    save: async () => {
      saved = await session.save();
    },
    shutdown: () => session.dispose(),
  };
  try {
    for (const { clade } of linesOf(name)) {
      if (!clade || clade.method === "initialize") continue;
      outcomes.push(await says[clade.method]!(clade.params).catch((error: Error) => error));
    }
  } finally {
    await session.dispose();
  }
  expect(outcomes).toEqual(outcomesOf[name]);
});

test("every message of the transcripts fits the published JSON Schema, others do not", () => {
  const schema = JSON.parse(readFileSync(file("protocol/trainer-protocol.schema.json"), "utf8"));
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
  const isClade = ajv.compile({ ...schema, $ref: "#/definitions/fromClade" });
  const isTrainer = ajv.compile({ ...schema, $id: "trainer", $ref: "#/definitions/fromTrainer" });
  const lines = transcripts.flatMap(linesOf);
  const wrong = lines.filter(
    ({ clade, trainer }) => !(clade ? isClade(clade) : isTrainer(trainer)),
  );
  expect(wrong).toEqual([]);
  const setup = lines.find(({ clade }) => clade?.method === "setup")!.clade!;
  expect(isClade({ ...setup, params: { ...setup.params, seed: -1 } })).toBe(false);
  expect(isClade({ ...setup, method: "step" })).toBe(false);
  expect(isTrainer({ jsonrpc: "2.0", id: 1, result: {}, error: { code: 1, message: "" } })).toBe(
    false,
  );
  expect(isTrainer({ jsonrpc: "2.0", method: "metrics", params: { loss: "0.5" } })).toBe(false);
});
