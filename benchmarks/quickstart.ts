/**
 * The quickstart over seeds: PBT against random search and selection only with the same seeds and
 * budget. The best member is chosen by validation accuracy, and reported by its accuracy on the
 * test digits, which steer nothing.
 *
 *     npx node benchmarks/quickstart.ts [--seeds 8]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunSummary } from "clade";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";

const seeds = option("seeds", 8);
const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const digits = fileURLToPath(new URL("../examples/quickstart/digits.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "clade-quickstart-"));
const searchers = {
  PBT: [],
  "selection only": ["--set", "explore=noExplore"],
  "random search": ["--set", "exploit=noExploit"],
};

function testAccuracy(seed: number, settings: readonly string[]): number {
  const words = ["run", digits, "--seed", String(seed), "--json", ...settings];
  const output = execFileSync(process.execPath, [clade, ...words], {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const result = JSON.parse(output.trim().split("\n").at(-1)!) as RunSummary;
  return result.best!.metrics.testAccuracy!;
}

/** The mean with half of its 95% interval (Student's t over seeds). */
function interval(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance =
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${percent(mean)} ± ${percent(studentQuantile * Math.sqrt(variance / values.length))}`;
}

/** 97.5% quantiles of Student's t for 1 to 14 degrees of freedom (tables of the distribution). */
const studentQuantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
];
const studentQuantile = studentQuantiles[seeds - 2]!;
const percent = (share: number) => (100 * share).toFixed(2);

const found = Object.entries(searchers).map(([name, settings]) => ({
  name,
  settings,
  values: [] as number[],
}));
for (let seed = 1; seed <= seeds; seed++) {
  for (const { settings, values } of found) values.push(testAccuracy(seed, settings));
}
rmSync(directory, { recursive: true });

const [pbt, ...controls] = found;
const rows = found.map(({ name, values }) => [name, ...values.map(percent), interval(values)]);
const differences = controls.map(({ name, values }) => {
  const difference = values.map((value, index) => pbt!.values[index]! - value);
  const wins = difference.filter((value) => value > 0).length;
  return (
    `PBT minus ${name}, seed by seed: ${interval(difference)} points, better in ${wins} of ` +
    `${seeds} seeds.`
  );
});
writeResults("quickstart", "The quickstart over seeds: test accuracy in %", [
  "8 members, 7,000 steps each, 2 workers; mean with its 95% interval over seeds.",
  table(
    ["searcher", ...Array.from({ length: seeds }, (_, index) => `seed ${index + 1}`), "mean"],
    rows,
  ),
  ...differences,
  "The controls have constant settings. A learning rate lowered by hand along a good " +
    "schedule is not among them.",
]);
