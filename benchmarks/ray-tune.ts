/**
 * Generations a second of Clade and of Ray Tune, side by side, with the same Python model (T3,
 * benchmarks/ray/triangle_wave.py), the same machine and the same work: 8 members, 5 steps a
 * generation, truncation selection, a checkpoint for every generation that one is copied from. Ray
 * has to be installed in the Python that PYTHON names: pip install "ray[tune]".
 *
 *     PYTHON=/path/to/python3 npx node benchmarks/ray-tune.ts [--generations 40] [--rounds 3]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";

const python = process.env.PYTHON ?? "python3";
const [members, steps] = [8, 5];
const generations = option("generations", 40);
const rounds = option("rounds", 3);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const version = spawnSync(python, ["-c", "import ray.tune; print(ray.__version__)"], {
  encoding: "utf8",
});
if (version.status !== 0) {
  console.error(
    `Ray Tune is not installed for ${python}, so there is nothing to compare with: ` +
      `${version.stderr.trim().split("\n").at(-1)}`,
  );
  process.exit(1);
}

interface Measured {
  /** Of the run itself, and of the whole process. */
  readonly seconds: number;
  readonly process: number;
  readonly generations: number;
}

const directory = mkdtempSync(join(tmpdir(), "clade-ray-"));

function ray(round: number): Measured {
  const begin = performance.now();
  const words = [
    here("ray/ray_run.py"),
    String(members),
    String(generations),
    String(steps),
    join(directory, `ray-${round}`),
  ];
  const output = execFileSync(python, words, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const measured = JSON.parse(output.trim().split("\n").at(-1)!) as Measured;
  return { ...measured, process: (performance.now() - begin) / 1000 };
}

function clade(round: number): Measured {
  const begin = performance.now();
  const words = [
    here("../bin/clade.js"),
    "run",
    here("ray/triangle-wave.yaml"),
    "--json",
    "--store",
    join(directory, `clade-${round}`, "clade.db"),
  ];
  const budget = [
    "--set",
    `budget.stepsPerMember=${generations * steps}`,
    "--set",
    `ready.steps=${steps}`,
  ];
  const PATH = `${dirname(python)}:${process.env.PATH}`;
  const output = execFileSync(process.execPath, [...words, ...budget], {
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  const { seconds, totalSteps } = JSON.parse(output.trim().split("\n").at(-1)!) as {
    seconds: number;
    totalSteps: number;
  };
  return { seconds, process: (performance.now() - begin) / 1000, generations: totalSteps / steps };
}

const rows: string[][] = [];
const ratios: number[][] = [];
for (let round = 1; round <= rounds; round++) {
  const measured = { clade: clade(round), ray: ray(round) };
  const [own, whole] = (["seconds", "process"] as const).map((time) => {
    const rate = (name: "clade" | "ray") => measured[name].generations / measured[name][time];
    return { clade: rate("clade"), ray: rate("ray"), ratio: rate("clade") / rate("ray") };
  });
  ratios.push([own!.ratio, whole!.ratio]);
  rows.push([
    String(round),
    `${measured.clade.generations} / ${measured.ray.generations}`,
    `${own!.clade.toFixed(0)} / ${own!.ray.toFixed(1)}`,
    `${own!.ratio.toFixed(1)}`,
    `${whole!.clade.toFixed(0)} / ${whole!.ray.toFixed(1)}`,
    `${whole!.ratio.toFixed(1)}`,
  ]);
}
rmSync(directory, { recursive: true });
const smallest = (column: number) => Math.min(...ratios.map((row) => row[column]!)).toFixed(1);
writeResults("ray-tune", "Generations a second beside Ray Tune", [
  `T3 with ${members} members, ${generations} generations of ${steps} steps each, trained ` +
    `by the same Python class. Ray Tune ${version.stdout.trim()}: an actor for each member, ` +
    "actors reused, its loggers off, every checkpoint kept. Clade: `clade run` with its " +
    "defaults, SQLite and files, a process for each core. Bound: 10 times Ray's generations a " +
    "second.",
  table(
    [
      "round",
      "generations, Clade / Ray",
      "per second of the run",
      "ratio",
      "per second of the process",
      "ratio",
    ],
    rows,
  ),
  `The smallest ratio is ${smallest(0)} for the run and ${smallest(1)} for the whole ` +
    "process with everything that it starts.",
]);
