/**
 * A study of 8 variants with 25 seeds each in one SQLite file: how long `clade compare` takes from
 * the start of its process, beside `clade list`.
 */
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
  withSettings,
} from "clade";
import { table, writeResults } from "./results-file.ts";

const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "clade-compare-"));
const store = join(directory, "clade.db");
const variants = 8;
const seeds = 25;
const repetitions = 5;

class Climber {
  height = 0;
  step({ rate }: { rate: number }) {
    this.height += rate;
  }
  evaluate() {
    return { height: this.height, heldOut: this.height ** 2 };
  }
  save() {
    return { height: this.height };
  }
  restore({ height }: { height: number }) {
    this.height = height;
  }
}

const experiment = defineExperiment({
  name: "climb",
  population: 8,
  hyperparameters: { rate: logUniform(1e-3, 1) },
  objective: maximize("height"),
  ready: everySteps(1),
  exploit: truncationSelection(),
  budget: { stepsPerMember: 28 },
  trainer: Climber,
});

let snapshots = 0;
{
  await using populationStore = sqlitePopulationStore(store);
  for (let variant = 0; variant < variants; variant++) {
    const isBaseline = variant === 0;
    const name = `climb-${variant}`;
    const settings = isBaseline
      ? { name, exploit: "noExploit" }
      : { name, "exploit.fraction": 0.05 + variant * 0.05 };
    const method = isBaseline ? "random-search" : "pbt";
    const study = {
      name: "climbs",
      variant: `${method} ${variant}`,
      method,
      point: {},
      baseline: "random-search",
    };
    for (let seed = 0; seed < seeds; seed++) {
      const result = await run(withSettings(experiment, settings), {
        seed,
        populationStore,
        study,
      });
      snapshots += (await populationStore.counts(result.run)).snapshots;
    }
  }
}

function seconds(...words: string[]): number {
  const times = Array.from({ length: repetitions }, () => {
    const start = performance.now();
    execFileSync(process.execPath, [clade, ...words, "--store", store], {
      stdio: "pipe",
      maxBuffer: 2 ** 28,
    });
    return (performance.now() - start) / 1000;
  });
  return times.sort((a, b) => a - b)[repetitions >> 1]!;
}
const list = seconds("list");
const rows = [
  ["list"],
  ["compare", "climbs"],
  ["compare", "climbs", "--metric", "heldOut", "--json"],
].map((words) => {
  const time = words.length === 1 ? list : seconds(...words);
  return [words.join(" "), `${time.toFixed(2)} s`, (time / list).toFixed(1)];
});
const size = statSync(store).size / 2 ** 20;
rmSync(directory, { recursive: true });
writeResults("compare", "A comparison of 200 runs", [
  `${variants} variants with ${seeds} seeds each, 8 members and 28 generations a run: ` +
    `${snapshots.toLocaleString("en-US")} snapshots, a file of ${size.toFixed(0)} MB. Bound: ` +
    "`compare` under 5 s.",
  table(
    ["command", `median of ${repetitions}, from the start of the process`, "times list"],
    rows,
  ),
]);
