/**
 * The report of a run of about 100,000 snapshots of 1,000 members: how long `clade report` takes
 * from the start of its process beside other commands that read the same run, what the file
 * weighs, and what its figures cost.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  choice,
  conditional,
  defineExperiment,
  everySteps,
  logUniform,
  minimize,
  run,
  sqlitePopulationStore,
  uniform,
} from "clade";
import { readRunHistory } from "../src/analysis/run-history.ts";
import { lineageFigure } from "../src/report/lineage-figure.ts";
import { runData } from "../src/report/run-data.ts";
import { schedulesFigure } from "../src/report/schedules-figure.ts";
import { treeFigure } from "../src/report/tree-figure.ts";
import { table, writeResults } from "./results-file.ts";

const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "clade-report-"));
const store = join(directory, "clade.db");
const out = join(directory, "report.html");
const members = 1_000;
const generations = 84;

interface Hyperparameters {
  readonly rate: number;
  readonly optimizer: "sgd" | "adam";
  readonly momentum?: number | undefined;
}

/** A loss that falls fastest at a rate that falls with it. */
class Descent {
  loss = 10;

  step({ rate, momentum = 0.5 }: Hyperparameters) {
    const suits = Math.exp(-(Math.log10(rate / (0.02 * this.loss)) ** 2));
    this.loss *= 1 - 0.05 * suits * (0.7 + 0.3 * momentum);
  }

  evaluate() {
    return { loss: this.loss };
  }

  save() {
    return { loss: this.loss };
  }

  restore({ loss }: { loss: number }) {
    this.loss = loss;
  }
}

const experiment = defineExperiment({
  name: "large",
  population: members,
  hyperparameters: {
    rate: logUniform(1e-4, 1),
    optimizer: choice("sgd", "adam"),
    momentum: conditional("optimizer", "sgd", uniform(0, 0.99)),
  },
  objective: minimize("loss"),
  ready: everySteps(1),
  budget: { stepsPerMember: generations },
  trainer: Descent,
});

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

function timeOf(words: readonly string[]): number {
  const times = Array.from({ length: 3 }, () => {
    const begin = performance.now();
    execFileSync(process.execPath, [clade, ...words, "--store", store], {
      stdio: "pipe",
      maxBuffer: 2 ** 28,
    });
    return performance.now() - begin;
  });
  return median(times);
}

await using populationStore = sqlitePopulationStore(store);
const result = await run(experiment, { seed: 1, populationStore });
const { snapshots, copies } = await populationStore.counts(result.run);

const commands = [["show", "--all"], ["show"], ["report", "--out", out]] as const;
const times = commands.map((words) => [words, timeOf(words)] as const);
const size = statSync(out).size / 2 ** 20;
const reportMs = times.at(-1)![1];

const begin = performance.now();
const history = await readRunHistory(populationStore, result.run);
const readMs = performance.now() - begin;
const parts = [
  ["analyses", () => runData(history, result.best)],
  ["lineage", () => lineageFigure(runData(history, result.best))],
  ["tree", () => treeFigure(runData(history, result.best))],
  ["schedules", () => schedulesFigure(runData(history, result.best))],
] as const;
const drawing = parts.map(([name, make]) => {
  const makings = Array.from({ length: 3 }, () => {
    const start = performance.now();
    make();
    return performance.now() - start;
  });
  return [name, seconds(median(makings)), `${(median(makings) / readMs).toFixed(2)}`];
});
rmSync(directory, { recursive: true });

writeResults("report", "The report of a run of a hundred thousand snapshots", [
  `${members.toLocaleString("en-US")} members with ${generations} generations each ` +
    `published ${snapshots.toLocaleString("en-US")} snapshots with ` +
    `${copies.toLocaleString("en-US")} copies. The report has ${size.toFixed(2)} MB. Bounds: ` +
    "the report under 20 s from the start of the process and under 5 MB; the tree of 1,000 " +
    "members under 2 s.",
  table(
    ["command", "median of 3, from the start of the process", "of the report"],
    times.map(([words, ms]) => [
      `clade ${words.filter((word) => word !== out && word !== "--out").join(" ")}`,
      seconds(ms),
      `${(ms / reportMs).toFixed(2)}`,
    ]),
  ),
  `Reading the history from the store took ${seconds(readMs)}. Each figure with the ` +
    "analyses that it needs, in one process:",
  table(["part", "median of 3", "of reading the history"], drawing),
]);
