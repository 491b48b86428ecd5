/** A PyTorch example over seeds, through the command line, with every start of Python counted. */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunEvent, RunSummary, Snapshot } from "clade";

const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const examples = fileURLToPath(new URL("../examples/pytorch/", import.meta.url));

interface Finished {
  readonly result: RunSummary;
  /** The last snapshot of each member. */
  readonly newest: readonly Snapshot[];
  /** How often Python was started for the run. */
  readonly starts: number;
}

export class PyTorchStudy {
  /** The real Python: the environment variable PYTHON, or the first python3. */
  readonly #python =
    process.env.PYTHON ?? execFileSync("which", ["python3"], { encoding: "utf8" }).trim();
  readonly #directory = mkdtempSync(join(tmpdir(), "clade-pytorch-"));
  readonly #starts = join(this.#directory, "starts");

  /** Puts a `python3` that writes a line before it becomes the real one in front of all others. */
  constructor() {
    const shim = join(this.#directory, "python3");
    writeFileSync(
      shim,
      `#!/bin/sh\necho start >> '${this.#starts}'\nexec '${this.#python}' "$@"\n`,
    );
    chmodSync(shim, 0o755);
  }

  /** One run of an experiment, to its end, on two workers. */
  run(experiment: string, seed: number, settings: readonly string[]): Finished {
    writeFileSync(this.#starts, "");
    const store = join(this.#directory, "clade.db");
    const words = [
      "run",
      join(examples, experiment),
      "--seed",
      String(seed),
      "--workers",
      "2",
      "--json",
    ];
    const output = execFileSync(
      process.execPath,
      [clade, ...words, "--store", store, ...settings],
      {
        env: { ...process.env, PATH: `${this.#directory}${delimiter}${process.env.PATH}` },
        encoding: "utf8",
        maxBuffer: 2 ** 28,
      },
    );
    const events = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as RunEvent | RunSummary);
    const newest = new Map<number, Snapshot>();
    for (const event of events) {
      if ("type" in event && event.type === "snapshot")
        newest.set(event.snapshot.member, event.snapshot);
    }
    const starts = readFileSync(this.#starts, "utf8").trim().split("\n").length;
    return { result: events.at(-1) as RunSummary, newest: [...newest.values()], starts };
  }

  /** A metric at the end of an example that trains alone. */
  async alone(script: string, words: readonly string[], metric: string): Promise<number> {
    const started = await promisify(execFile)(this.#python, [join(examples, script), ...words]);
    const found = started.stdout.match(
      new RegExp(`\\b${metric}=(\\S+)(?![\\s\\S]*\\b${metric}=)`),
    );
    return Number(found![1]);
  }

  get versions(): string {
    const asked =
      "import sys, torch; print(f'Python {sys.version.split()[0]}, PyTorch {torch.__version__}')";
    return execFileSync(this.#python, ["-c", asked], { encoding: "utf8" }).trim();
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/** The mean with half of its 95% interval (Student's t over seeds), with `digits` decimals. */
export function interval(values: readonly number[], digits: number): string {
  const mean = meanOf(values);
  const variance =
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = studentQuantiles[values.length - 2]! * Math.sqrt(variance / values.length);
  return `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `ours` minus `theirs`, seed by seed. */
export function difference(
  ours: readonly number[],
  theirs: readonly number[],
  digits: number,
): string {
  const differences = ours.map((value, index) => value - theirs[index]!);
  const wins = differences.filter((value) => value > 0).length;
  return `${interval(differences, digits)}, better in ${wins} of ${ours.length} seeds`;
}

/** 97.5% quantiles of Student's t for 1 to 14 degrees of freedom (tables of the distribution). */
const studentQuantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
];
