/** A run of 1,000,000 snapshots in a SQLite file: how long `clade status` takes, from the start of its process, and what the file weighs. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  run,
  sqlitePopulationStore,
  truncationSelection,
} from "clade";
import { table, writeResults } from "./results-file.ts";

const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "clade-large-run-"));
const store = join(directory, "clade.db");
const members = 1_000;
const generations = 850;

class Counter {
  count = 0;
  step() {
    this.count++;
  }
  evaluate() {
    return { count: this.count };
  }
  save() {
    return {};
  }
  restore() {}
}

const experiment = defineExperiment({
  name: "large",
  population: members,
  hyperparameters: { rate: logUniform(1e-4, 1) },
  objective: maximize("count"),
  ready: everySteps(1),
  exploit: truncationSelection(),
  budget: { stepsPerMember: generations },
  trainer: Counter,
});

const begin = performance.now();
let snapshots = 0;
{
  await using populationStore = sqlitePopulationStore(store);
  const result = await run(experiment, { seed: 1, populationStore });
  ({ snapshots } = await populationStore.counts(result.run));
}
const seconds = (performance.now() - begin) / 1000;

const rows = ["list", "status", "best", "show"].map((command) => {
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now();
    execFileSync(process.execPath, [clade, command, "--store", store], { stdio: "pipe", maxBuffer: 2 ** 28 });
    return performance.now() - start;
  });
  return [command, `${(times.sort((a, b) => a - b)[1]! / 1000).toFixed(2)} s`];
});
const size = statSync(store).size / 2 ** 20;
rmSync(directory, { recursive: true });
writeResults("large-run", "A run of a million snapshots", [
  `${members.toLocaleString("en-US")} members with ${generations} generations each published ${snapshots.toLocaleString("en-US")} snapshots in ${seconds.toFixed(0)} s with one worker; the file has ${size.toFixed(0)} MB. Bound: \`status\` under 1 s.`,
  table(["command", "median of 3, from the start of the process"], rows),
]);
