/**
 * Workers as processes, through the command line: 2 workers against 1 on the quickstart; the share
 * of a worker's time that is spent inside the trainer when a step takes 100 ms; the memory of a
 * worker that waits; a toy from the start of the process to its result.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { table, writeResults } from "./results-file.ts";

const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const quickstart = fileURLToPath(new URL("../examples/quickstart/digits.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "clade-workers-"));
const rounds = 3;

interface Snapshot {
  readonly kind: string;
  readonly publishedAt: number;
  readonly worker?: string;
}

/** Runs to the end and gives what was published, and the seconds from the start of the process. */
function run(...words: string[]): { snapshots: Snapshot[]; seconds: number } {
  const begin = performance.now();
  const output = execFileSync(
    process.execPath,
    [clade, "run", ...words, "--seed", "1", "--json"],
    {
      cwd: directory,
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    },
  );
  const seconds = (performance.now() - begin) / 1000;
  const events = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; snapshot: Snapshot });
  return {
    snapshots: events.flatMap(({ type, snapshot }) => (type === "snapshot" ? [snapshot] : [])),
    seconds,
  };
}

/**
 * Generations a second between the first publication and the last, so that the start of the
 * processes does not count.
 */
function generationsPerSecond(snapshots: readonly Snapshot[]): number {
  const trained = snapshots
    .filter(({ kind }) => kind === "trained")
    .map(({ publishedAt }) => publishedAt);
  return ((trained.length - 1) * 1000) / (Math.max(...trained) - Math.min(...trained));
}

const shorter = ["--set", "budget.stepsPerMember=3000"];
const scaling: string[][] = [];
const gains: number[] = [];
for (let round = 1; round <= rounds; round++) {
  const [one, two] = ["1", "2"].map((workers) =>
    generationsPerSecond(run(quickstart, ...shorter, "--workers", workers).snapshots),
  );
  gains.push(two! / one!);
  scaling.push([String(round), one!.toFixed(2), two!.toFixed(2), (two! / one!).toFixed(2)]);
}

const sleeping = join(directory, "sleeping.ts");
writeFileSync(
  sleeping,
  `import { appendFileSync } from "node:fs";
import { defineExperiment, everySteps, maximize, uniform } from "clade";
class Sleeper {
  x = 0;
  static inside = 0;
  async step() {
    const begin = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 100));
    Sleeper.inside += performance.now() - begin;
    this.x++;
  }
  evaluate() {
    appendFileSync("inside.txt", Sleeper.inside + " " + performance.now() + "\\n");
    return { x: this.x };
  }
  save() { return { x: this.x }; }
  restore({ x }) { this.x = x; }
}
export default defineExperiment({
  name: "sleeping", population: 4, hyperparameters: { a: uniform(0, 1) }, objective: maximize("x"),
  ready: everySteps(5), budget: { stepsPerMember: 60 }, trainer: Sleeper,
});
`,
);
run(sleeping, "--workers", "1");
// The first line is of the trial evaluation before the run; the second is the first generation's
// end.
const marks = readFileSync(join(directory, "inside.txt"), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(" ").map(Number));
const [first, last] = [marks[0]!, marks.at(-1)!];
const share = (last[0]! - first[0]!) / (last[1]! - first[1]!);

execFileSync(
  process.execPath,
  [clade, "run", sleeping, "--population", "1", "--set", "budget.stepsPerMember=5"],
  { cwd: directory },
);
const endless = ["--population", "1", "--workers", "2", "--set", "budget.stepsPerMember=100000"];
const busy = spawn(process.execPath, [clade, "run", sleeping, ...endless], {
  cwd: directory,
  stdio: "ignore",
});
await new Promise((resolve) => setTimeout(resolve, 5_000));
const workers = execFileSync("pgrep", ["-f", `start.js worker sleeping-`], { encoding: "utf8" })
  .trim()
  .split("\n");
const megabytes = workers.map(
  (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024,
);
busy.kill("SIGINT");
await new Promise((resolve) => busy.once("exit", resolve));

execFileSync(process.execPath, [clade, "init", "toy.ts"], { cwd: directory });
const toy = Array.from({ length: 5 }, () => run("toy.ts").seconds).sort((a, b) => a - b);
rmSync(directory, { recursive: true });

gains.sort((a, b) => a - b);
writeResults("workers", "Workers as processes", [
  "## 2 workers against 1 on the quickstart\n\nBound: 1.8 times the generations a second.",
  table(["round", "1 worker, generations/s", "2 workers", "ratio"], scaling),
  `Median ${gains[rounds >> 1]!.toFixed(2)}.`,
  "## Time inside the trainer\n\nA step takes 100 ms, a generation 5 steps, 4 members on 1 " +
    `worker: ${(100 * share).toFixed(2)}% of the worker's time is inside step(). Bound: 98%.`,
  "## Memory\n\nTwo workers, one of which waits for the only member: " +
    `${megabytes.map((size) => `${size.toFixed(0)} MB`).join(" and ")} resident. Bound: 120 ` +
    "MB.",
  "## From the start of the process to the result\n\n`clade run` of what `clade init` " +
    `writes (8 members, 2,000 steps each), 5 times: median ${toy[2]!.toFixed(2)} s, worst ` +
    `${toy[4]!.toFixed(2)} s. Bound: 2 s.`,
]);
