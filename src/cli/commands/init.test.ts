import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeExperiment } from "../../experiment/experiment.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { contextIn, runIn } from "../run.test-support.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "clade-init-"));
});
afterEach(() => rmSync(place, { recursive: true }));

const init = (...words: string[]) => runIn(place, ["init", ...words]);

test.each([
  ["experiment.ts", undefined, ["experiment.ts"]],
  ["mine.mts", "typescript", ["mine.mts"]],
  ["experiment.yaml", undefined, ["experiment.yaml", "trainer.mjs"]],
  ["mine.yml", "yaml", ["mine.yml", "trainer.mjs"]],
  ["experiment.yaml", "python", ["experiment.yaml", "train.py"]],
] as const)("init %s --template %s writes %o", async (name, template, files) => {
  const { stdout } = await init(name, ...(template ? ["--template", template] : []));
  expect(readdirSync(place).sort()).toEqual(files);
  expect(stdout).toContain(`run ${name}`);
  expect(stdout.includes("pip install")).toBe(template === "python");
});

test.each(["yaml", "python"] as const)(
  "the %s template is an experiment that knows its schema",
  async (template) => {
    const file = join(place, "experiment.yaml");
    await init("experiment.yaml", "--template", template);
    expect(describeExperiment(await loadExperiment(contextIn(place), file, {}))).toMatchObject({
      name: "sine",
      population: 8,
    });
    const [, schema] = /\$schema=(.*)/.exec(readFileSync(file, "utf8"))!;
    expect(existsSync(resolve(dirname(file), schema!))).toBe(true);
  },
);

test("nothing is written where any of the files exists already", async () => {
  writeFileSync(join(place, "trainer.mjs"), "mine");
  expect(await init("experiment.yaml")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("trainer.mjs - exists already and is not overwritten"),
  });
  expect(readdirSync(place)).toEqual(["trainer.mjs"]);
  expect(readFileSync(join(place, "trainer.mjs"), "utf8")).toBe("mine");
});

test.each([
  [["experiment.json"], "must end in .ts or .yaml"],
  [["experiment.ts", "--template", "python"], "must end in .yaml"],
  [["experiment.yaml", "--template", "typescript"], "must end in .ts"],
  [["none/experiment.yaml"], "cannot be written (ENOENT)"],
])("init %j is refused", async (words, message) => {
  expect(await init(...words)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  });
  expect(readdirSync(place)).toEqual([]);
});

test("the trainer in plain JavaScript learns, saves, and repeats itself after restore", () => {
  const hyperparameters = { learningRate: 0.1, momentum: 0.5 };
  const turn = { member: 0, seed: 1, hyperparameters };
  const train = { method: "train", params: { steps: 50 } };
  const evaluate = { method: "evaluate", params: { final: false } };
  const restore = (seed: number) => ({
    method: "restore",
    params: { ...turn, seed, directory: place },
  });
  const requests = [
    { method: "initialize", params: { protocol: 1, clade: "0.1.0" } },
    { method: "setup", params: turn },
    ...[evaluate, train, evaluate],
    { method: "save", params: { directory: place } },
    ...[train, evaluate],
    ...[restore(1), evaluate, train, evaluate],
    ...[restore(2), train, evaluate],
    { method: "unknown", params: {} },
    { method: "shutdown", params: {} },
  ];
  const input = requests
    .map((request, id) => `${JSON.stringify({ jsonrpc: "2.0", id, ...request })}\n`)
    .join("");
  const trainer = new URL("../../../templates/yaml/trainer.mjs", import.meta.url).pathname;
  const { stdout, stderr, status } = spawnSync(process.execPath, [trainer], {
    input,
    encoding: "utf8",
  });
  expect([stderr, status]).toEqual(["", 0]);
  const answers = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: number; result?: unknown; error?: { code: number } });
  expect(answers.map(({ id }) => id)).toEqual(requests.map((_, id) => id));
  const result = (id: number) => answers[id]!.result;
  const loss = (id: number) => (result(id) as { metrics: { loss: number } }).metrics.loss;

  expect(result(0)).toMatchObject({ protocol: 1 });
  expect(result(1)).toEqual({ hyperparameters });
  expect(result(3)).toEqual({ steps: 50 });
  expect(loss(4)).toBeLessThan(loss(2) / 10);
  expect(result(5)).toEqual({});
  const saved = readFileSync(join(place, "model.json"));
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  const checkpoint = sha256(`${sha256(saved)} ${saved.length} model.json\n`);
  expect(result(8)).toEqual({ hyperparameters, checkpoint });
  expect(loss(9)).toBe(loss(4));
  expect(loss(11)).toBe(loss(7));
  // The draws of another member are fresh.
  expect(loss(14)).not.toBe(loss(7));
  expect(answers[15]).toMatchObject({ error: { code: -32601 } });
});
