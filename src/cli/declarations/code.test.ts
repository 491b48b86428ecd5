import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command, defineExperiment, type Experiment, everySteps, maximize, uniform } from "clade";
import { afterAll, expect, test } from "vitest";
import { codeOf, differences } from "./code.ts";

const root = mkdtempSync(join(tmpdir(), "clade-code-"));
afterAll(() => rmSync(root, { recursive: true }));
let directories = 0;

/** Writes files into a new directory and resolves it. */
function written(files: { readonly [name: string]: string }): string {
  const directory = join(root, `${directories++}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

function experimentWith(trainer: Experiment["trainer"]): Experiment {
  return defineExperiment({
    name: "code",
    population: 2,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    budget: { stepsPerMember: 1 },
    trainer: trainer as ReturnType<typeof command>,
  });
}

const filesOf = (directory: string, file: string, trainer = command("true")) =>
  Object.keys(codeOf(join(directory, file), experimentWith(trainer)));

test("the code of a module is its file and what it imports by relative paths, in any form", () => {
  const directory = written({
    "experiments/a.ts": `import "../shared.ts"; import { b } from './b.js';
      export * from "./deep/c.ts"; await import("./d.mjs");
      import "clade"; import fs from "node:fs";`,
    "shared.ts": 'import "./experiments/a.ts";',
    "experiments/b.js": "const e = require('./e.cjs')",
    "experiments/deep/c.ts": "",
    "experiments/d.mjs": "",
    "experiments/e.cjs": "",
    "experiments/unrelated.ts": "",
  });
  expect(filesOf(join(directory, "experiments"), "a.ts")).toEqual(
    ["../shared.ts", "a.ts", "b.js", "d.mjs", "deep/c.ts", "e.cjs"].toSorted(),
  );
});

test("the code of a command is the scripts that it names, with the modules beside them", () => {
  const directory = written({
    "experiment.yaml": "",
    "train.py":
      "import os, numpy as np\nimport model\nfrom package import layers, loss as l\n" +
      "from package.data import read\nif x:\n    import late\n",
    "model.py": "from blocks import (Block,\n  Other)",
    "blocks.py": "",
    "late.py": "",
    "package/__init__.py": "from . import layers\nfrom .loss import Loss",
    "package/layers.py": "from ..model import x",
    "package/loss.py": "",
    "package/data/__init__.py": "",
    "unrelated.py": "",
    "start.sh": "",
  });
  expect(
    filesOf(
      directory,
      "experiment.yaml",
      command("sh start.sh python3 -u 'train.py' --rate=0.1 --file=model.py"),
    ),
  ).toEqual([
    "blocks.py",
    "experiment.yaml",
    "late.py",
    "model.py",
    "package/__init__.py",
    "package/data/__init__.py",
    "package/layers.py",
    "package/loss.py",
    "start.sh",
    "train.py",
  ]);
});

test("what a command reads or writes as data is no code; its programs and settings are", () => {
  const directory = written({
    "experiment.yaml": "",
    "settings.toml": "",
    program: "",
    notes: "",
    "data.csv": "",
    "log.txt": "",
    "scores.json": "",
  });
  chmodSync(join(directory, "program"), 0o755);
  const trainer = command(
    "./program --settings settings.toml --data=data.csv >>notes 2> log.txt > scores.json",
  );
  expect(filesOf(directory, "experiment.yaml", trainer)).toEqual([
    "experiment.yaml",
    "program",
    "settings.toml",
  ]);
});

test("a command's scripts are looked for in its directory", () => {
  const directory = written({
    "experiment.yaml": "",
    "trainer/train.py": "import model",
    "trainer/model.py": "",
  });
  const trainer = command("python3 train.py", { directory: "trainer" });
  expect(filesOf(directory, "experiment.yaml", trainer)).toEqual([
    "experiment.yaml",
    "trainer/model.py",
    "trainer/train.py",
  ]);
});

test("packages, programs of the system and files that are not there are no code of a run", () => {
  const directory = written({
    "a.ts": 'import "./node_modules/x/index.js"; import "./gone.ts";',
    "node_modules/x/index.js": "",
  });
  expect(filesOf(directory, "a.ts", command(`${process.execPath} missing.py`))).toEqual(["a.ts"]);
});

test("differences are said file by file", () => {
  expect(differences({ a: "1", b: "1", c: "1" }, { a: "1", b: "2", d: "1" })).toEqual([
    "b differs",
    "c is missing here",
    "d is only here",
  ]);
});
