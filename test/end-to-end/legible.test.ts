/**
 * Every command, with names and texts that would take over a terminal, or make one text look like
 * another.
 */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "../../src/cli/program.ts";
import { contextIn } from "../../src/cli/run.test-support.ts";
import { climb, type Finished, Workplace } from "./command-line.ts";

/**
 * A window title, an erased screen, a carriage return, a direction mark, a zero-width character,
 * C1, a separator, and a text that looks like a line of Clade.
 */
const hostile =
  "\u001b]0;owned\u0007\u001b[2J\r\u202e\u200b\u009b31m\u2028\nforged: all is well\n";
/** Stands for the id of the first run. */
const first = "RUN";
const quoted = JSON.stringify(hostile);
/** A trainer's own output has separate lines. */
const printed = quoted.replace(/forged/, "printed");
const experiment = climb({
  declaration: `
    hyperparameters: { rate: uniform(0.1, 1), kind: choice(${quoted}, "plain") },
    exploit: truncationSelection({ fraction: 0.5 }),
    budget: { stepsPerMember: 20 },`,
  trainer: `
    steps = 0;
    evaluate() {
      console.log(${printed}); console.error(${printed});
      globalThis.evaluations = (globalThis.evaluations ?? 0) + 1;
      if (globalThis.evaluations === 3) throw new Error(${quoted});
      return { height: this.height };
    }`,
});
const study = `name: climbs
experiment: experiment.ts
seeds: 1
variants: { pbt: {} }
`;

/** Each successful command, and the files that it writes. */
const calls: {
  readonly [command: string]: {
    readonly words: string[];
    readonly files?: string[];
    readonly fails?: true;
  };
} = {
  init: { words: ["init", "other.ts"] },
  check: { words: ["check", "experiment.ts"], fails: true },
  run: { words: ["run", "experiment.ts", "--workers", "1", "--population", "2"] },
  study: { words: ["study", "study.yaml", "--workers", "1"] },
  replay: { words: ["replay", first, "--export", "schedule.py"], files: ["schedule.py"] },
  compare: { words: ["compare", first] },
  resume: { words: ["resume", first, "--set", "budget.stepsPerMember=25", "--workers", "1"] },
  stop: { words: ["stop", first] },
  worker: { words: ["worker", first] },
  "submit slurm": {
    words: ["submit", "slurm", "experiment.ts", "--array", "1", "--print"],
    fails: true,
  },
  "submit kubernetes": {
    words: [
      "submit",
      "kubernetes",
      "experiment.ts",
      "--workers",
      "1",
      "--image",
      hostile,
      "--secret",
      "s",
    ],
    fails: true,
  },
  list: { words: ["list"] },
  status: { words: ["status", first] },
  best: {
    words: ["best", first, "--out", "best"],
    files: ["best/best.json", "best/schedule.json"],
  },
  show: { words: ["show", first] },
  export: { words: ["export", first] },
  report: { words: ["report", first, "--figures", "figures"], files: ["report.html"] },
  gc: { words: ["gc"] },
  remove: { words: ["remove", first, "--yes"] },
};
const others: string[][] = [
  ["status", first, "--json"],
  ["list", "--json"],
  ["show", first, "--json"],
  ["show", first, "--member", "0"],
  ["best", first, "--json"],
  ["run", "experiment.ts", "--json", "--set", hostile],
  ["show", hostile],
  ["list", "--store", `${hostile}://user@host`],
  [hostile.trim().split("\n")[0]!],
];

let place: Workplace;
let run: string | undefined;
beforeAll(async () => {
  place = new Workplace();
  place.write("experiment.ts", experiment.replace("import {", "import { choice,"));
  place.write("study.yaml", study);
  const ran = await place.ask("run", "experiment.ts", "--workers", "1", "--seed", "1");
  expect(ran.code, `${ran.stderr}${ran.stdout}`).toBe(0);
  using database = new DatabaseSync(place.path(".clade", "clade.db"));
  database.exec(`UPDATE snapshots SET worker = ${sql(hostile)},
    hyperparameters = json_set(hyperparameters, '$.' || ${sql(quoted)}, 1),
    metrics = json_set(metrics, '$.' || ${sql(quoted)}, 1)`);
  [run] = database
    .prepare("SELECT id FROM runs")
    .all()
    .map(({ id }) => id as string);
  database.exec(`UPDATE failures SET worker = ${sql(hostile)}`);
  database.exec(`UPDATE decisions SET reason = json_set(reason, '$.text', ${sql(hostile)})`);
});
afterAll(() => place?.[Symbol.dispose]());

const sql = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** These train, or load the experiment's module, in separate processes. */
const working = new Set(["check", "run", "study", "resume", "worker", "submit"]);

function clade(given: readonly string[]): Promise<Finished> {
  const words = given.map((word) => (word === first ? run! : word));
  return working.has(words[0]!) ? place.ask(...words) : place.ask(...words);
}

function commandsOf(command: Command, before: readonly string[] = []): string[] {
  return command.commands.flatMap((each) => {
    const name = [...before, each.name()];
    return each.commands.length > 0 ? commandsOf(each, name) : [name.join(" ")];
  });
}

function expectLegible(text: string): void {
  const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
  const found = text.split(/[\n\t]/).filter((line) => unseen.test(line));
  expect(found.map((line) => JSON.stringify(line))).toEqual([]);
  const isPage = text.startsWith("<!doctype");
  if (!isPage) expect(text).not.toMatch(/^forged/m);
}

test("this test knows every command", async () => {
  const all = await program(contextIn(place.directory));
  expect(Object.keys(calls).sort()).toEqual(commandsOf(all).sort());
});

test.each(Object.entries(calls))("%s", async (_, { words, files = [], fails }) => {
  const finished = await clade(words);
  expect(finished.code !== 0, finished.stderr).toBe(fails ?? false);
  expectLegible(finished.stdout);
  expectLegible(finished.stderr);
  for (const file of files) expectLegible(readFileSync(place.path(file), "utf8"));
});

test.each(
  others.map((words) => [words[0]?.includes("owned") ? "no command" : words[0], words] as const),
)("%s otherwise", async (_, words) => {
  const { stdout, stderr } = await clade(words);
  expectLegible(stdout);
  expectLegible(stderr);
});
