import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeExperiment } from "../../experiment/experiment.ts";
import { isCommand } from "../../experiment/trainer.ts";
import { contextIn } from "../run.test-support.ts";
import { isBadInput } from "./declaration-file.ts";
import { loadExperiment } from "./load-experiment.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "clade-load-"));
});
afterEach(() => rmSync(place, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(place, name);
  writeFileSync(file, text);
  return file;
}

const yaml = `# a comment
name: digits
population: 4
hyperparameters:
  rate: { logUniform: [1e-4, .5] }
  nesterov: { choice: [no, yes, true] }
objective: { maximize: accuracy }
ready: { everySteps: 200 }
budget: { stepsPerMember: 1000 }
trainer: python train.py
`;

/** The message without the directory, and that it is the user's to correct. */
async function messageOf(file: string, settings = {}): Promise<string> {
  const error: unknown = await loadExperiment(contextIn(place), file, settings).catch(
    (error: unknown) => error,
  );
  expect(isBadInput(error)).toBe(true);
  return (error as Error).message.replaceAll(`${place}/`, "");
}

test("a YAML file is an experiment, with numbers and texts as YAML 1.2 has them", async () => {
  const experiment = await loadExperiment(contextIn(place), write("digits.yaml", yaml), {
    "budget.totalSteps": 5,
    population: 3,
  });
  expect(describeExperiment(experiment)).toMatchObject({
    name: "digits",
    population: 3,
    hyperparameters: { rate: "logUniform(0.0001, 0.5)", nesterov: 'choice("no", "yes", true)' },
    budget: { stepsPerMember: 1000, totalSteps: 5 },
    trainer: "python train.py",
  });
});

test("a JSON file is an experiment", async () => {
  const json = JSON.stringify(
    {
      $schema: "experiment.schema.json",
      name: "digits",
      population: 4,
      hyperparameters: { rate: { logUniform: [1e-7, 0.5] } },
      objective: { maximize: "accuracy" },
      ready: { everySteps: 200 },
      budget: { stepsPerMember: 1000 },
      trainer: 'python "train \u00e9.py"',
    },
    null,
    "\t",
  );
  expect(
    describeExperiment(await loadExperiment(contextIn(place), write("digits.json", json), {})),
  ).toMatchObject({
    hyperparameters: { rate: "logUniform(1e-7, 0.5)" },
    trainer: 'python "train \u00e9.py"',
  });
});

test("every mistake in a file has its line, in the order of lines", async () => {
  const file = write(
    "digits.yml",
    `name: digits
population: 0
hyperparameters:
  rate: { logUnifrom: [1e-4, 1e-1] }
  size:
    integer: [8, 1]
  dropout:
    uniform: [0, 1]
    bounds:
      - 0
      - much
ready: { everySteps: 0 }
objective: { maximize: accuracy }
exploit:
  truncationSelection:
    fracton: 0.3
budget: {}
synchronus: true
`,
  );
  expect((await messageOf(file)).split("\n")).toEqual([
    "digits.yml: trainer: undefined - must be a command; " +
      "give for example { command: python train.py }.",
    "digits.yml:2: population: 0 - must be at least 1; give a number of members such as 8.",
    "digits.yml:4: hyperparameters.rate.logUnifrom: [0.0001, 0.1] - " +
      'is not a kind of hyperparameter; did you mean "logUniform"?',
    "digits.yml:5: hyperparameters.size: integer(8, 1) - " +
      "the lower bound must be below the upper; swap them: 1, 8.",
    'digits.yml:11: hyperparameters.dropout.bounds.1: "much" - ' +
      "must be a finite number; give one such as 0.1.",
    "digits.yml:12: ready.everySteps: 0 - must be at least 1; give a number of steps such as 200.",
    "digits.yml:16: exploit.truncationSelection.fracton: 0.3 - " +
      'is not an option of truncationSelection; did you mean "fraction"?',
    "digits.yml:17: budget: {} - never ends; add steps or seconds, such as stepsPerMember.",
    "digits.yml:18: synchronus: true - " +
      'is not a part of an experiment; did you mean "synchronous"?',
  ]);
  const initial = write(
    "initial.yaml",
    `${yaml}initial:\n  - {}\n  - rate: 0.1\n    nesterov: maybe\n`,
  );
  expect(await messageOf(initial)).toMatch(
    /^initial\.yaml:14: initial\[1\]\.nesterov: "maybe" - is outside/,
  );
});

test.each([
  ["name: a\nname: b\n", "Map keys must be unique at line 2, column 1:\n\nname: a\nname: b\n^"],
  ["a:\n\t- 1\n", "Tabs are not allowed as indentation at line 2, column 1:\n\na:\n\t- 1\n^"],
  ["a: { b: 1\nc: 2\n", "at line 2, column 1:\n\na: { b: 1\nc: 2\n^"],
  ["a: 1\n---\nb: 1\n", "Source contains multiple documents; keep one at line 2, column 1"],
  ["a: *b\n", "Unresolved alias"],
  ["a: !special 1\n", "Unresolved tag: !special at line 1, column 4"],
])("%j is no YAML for an experiment, and the line is shown", async (text, message) => {
  const said = await messageOf(write("bad.yaml", text));
  expect(said).toContain("experiment: bad.yaml - cannot be loaded; correct it:\n");
  expect(said).toContain(message);
});

test("the line is shown of what is wrong with JSON", async () => {
  const said = await messageOf(write("bad.json", '{\n\t"name": "a"\n\t"population": 3\n}\n'));
  expect(said).toContain('at line 3, column 2:\n\n\t"population": 3\n ^');
});

test("a file without anything, without a reader or without existence is refused", async () => {
  expect(await messageOf(write("empty.yaml", ""))).toMatch(
    /^empty\.yaml: null - must be an object; give name,/,
  );
  mkdirSync(join(place, "folder.yaml"));
  expect(await messageOf(join(place, "folder.yaml"))).toContain(
    "folder.yaml - is a directory; give the path of the experiment's file",
  );
  expect(await messageOf(join(place, "none.yaml"))).toContain("none.yaml - there is no such file");
});

test.each([
  [
    "export default {\n  a: 1,,\n};\n",
    /^experiment: bad\.ts:2 - cannot be loaded \(SyntaxError: .*\); correct it\n.*\n {2}a: 1,,\n/s,
  ],
  [
    "const a = undefined;\n\nexport default a.b;\n",
    /^experiment: bad\.ts:3 - cannot be loaded \(TypeError: .*\); correct it$/,
  ],
  ['import "./other.ts";\n', /other\.ts:2 - cannot be loaded \(Error: no\); correct it$/],
  ['throw "a text";\n', /^experiment: bad\.ts - threw "a text" while it was loaded; correct it$/],
  [
    'import "no-such-package";\n',
    /^experiment: bad\.ts.* - cannot be loaded .*; install it with: npm install no-such-package$/,
  ],
])("%j cannot be loaded, in one sentence with the user's own line", async (text, sentence) => {
  write("other.ts", '\nthrow new Error("no");\n');
  write("bad.ts", text);
  const clade = fileURLToPath(new URL("../../../bin/clade.js", import.meta.url));
  const { stderr } = spawnSync(process.execPath, [clade, "run", "bad.ts"], {
    cwd: place,
    encoding: "utf8",
  });
  expect(stderr.trim()).toMatch(sentence);
});

test("a file that is no text, or that others cannot read, is refused unloaded", async () => {
  const latin = join(place, "latin.yaml");
  writeFileSync(latin, Buffer.from("name: caf\xe9", "latin1"));
  expect(await messageOf(latin)).toBe(
    "experiment: latin.yaml - is not in UTF-8; give the experiment's file, saved as UTF-8.",
  );
  const binary = join(place, "binary.ts");
  writeFileSync(binary, Buffer.from([0xff, 0, 1]));
  expect(await messageOf(binary)).toContain("binary.ts - is not text; give the experiment's file");
  const loop = join(place, "loop.ts");
  symlinkSync("loop.ts", loop);
  expect(await messageOf(loop)).toContain("loop.ts - cannot be read (ELOOP); give the path");
  expect(await messageOf("/dev/null")).toContain(
    "/dev/null - is a pipe or a device, which other workers cannot read",
  );
});

test("a setting that is wrong is reported without a line", async () => {
  const file = write("digits.yaml", yaml);
  expect(await messageOf(file, { "exploit.fracton": 1 })).toMatch(
    /^exploit\.fracton: 1 - is not an option/,
  );
});

test("a command runs in the experiment's directory, in YAML and in TypeScript", async () => {
  const directoryOf = async (file: string) => {
    const { trainer, declaration } = await loadExperiment(contextIn(place), file, {});
    expect(declaration.trainer).toBe(trainer);
    return isCommand(trainer) ? trainer.directory : "no command";
  };
  const trainer = (text: string) => yaml.replace("python train.py", text);
  expect(await directoryOf(write("a.yaml", yaml))).toBe(place);
  expect(await directoryOf(write("b.yaml", trainer("{ command: x, directory: src/y }")))).toBe(
    join(place, "src/y"),
  );
  expect(await directoryOf(write("c.yaml", trainer("{ command: x, directory: /opt }")))).toBe(
    "/opt",
  );
  const clade = new URL("../../index.ts", import.meta.url).href;
  const typescript = write(
    "d.ts",
    `import { constant, defineExperiment, everySteps, maximize } from "${clade}";
export default defineExperiment({
  name: "d", population: 1, hyperparameters: { rate: constant(1) }, objective: maximize("x"),
  ready: everySteps(1), budget: { totalSteps: 1 }, trainer: { command: "x", directory: "y" },
});`,
  );
  expect(await directoryOf(typescript)).toBe(join(place, "y"));
});

test("the example of the guide is an experiment", async () => {
  const guide = fileURLToPath(
    new URL("../../../docs/guides/experiment-files.md", import.meta.url),
  );
  const [, example] = /```yaml\n(.*?)```/s.exec(readFileSync(guide, "utf8"))!;
  const experiment = await loadExperiment(contextIn(place), write("guide.yaml", example!), {});
  expect(describeExperiment(experiment).hyperparameters).toEqual({
    learningRate: "logUniform(0.0001, 0.1)",
    weightDecay: "logUniform(0.000001, 0.001, { bounds: [1e-8, 0.1] })",
    dropout: "quantized(uniform(0, 0.5), 0.05)",
    width: "normal(1, 0.2, { bounds: [0.5, 2] })",
    units: "integer(16, 512, { log: true })",
    batchSize: "ordinal(32, 64, 128)",
    optimizer: 'choice("sgd", "adam", "lion")',
    momentum: 'conditional("optimizer", "sgd", uniform(0, 0.99))',
    beta: 'conditional("optimizer", ["adam", "lion"], uniform(0.8, 0.999))',
    layers: "constant(3)",
  });
});
