/** Runs the command line as a person would: real processes in a separate directory. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { runIn } from "../../src/cli/run.test-support.ts";

const clade = fileURLToPath(new URL("../../bin/clade.js", import.meta.url));

const lookMs = 100;
const maxLooks = 1200;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Workplace implements Disposable {
  readonly directory: string;
  readonly #environment: { readonly [name: string]: string };

  constructor(
    environment: { readonly [name: string]: string } = {},
    directory = mkdtempSync(join(tmpdir(), "clade-cli-")),
  ) {
    this.#environment = environment;
    this.directory = directory;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), "utf8");
  }

  remove(name: string): void {
    rmSync(join(this.directory, name));
  }

  /** The processes named in files that have not ended. A zombie process has ended. */
  alive(...names: string[]): string[] {
    const pids = names.flatMap((name) =>
      existsSync(this.path(name)) ? this.read(name).trim().split("\n") : [],
    );
    const stat = (pid: string) => `/proc/${pid}/stat`;
    return pids.filter(
      (pid) => existsSync(stat(pid)) && !/\) Z/.test(readFileSync(stat(pid), "utf8")),
    );
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** The same place, with more variables for processes. */
  with(environment: { readonly [name: string]: string }): Workplace {
    return new Workplace({ ...this.#environment, ...environment }, this.directory);
  }

  start(...words: string[]): {
    readonly process: ChildProcess;
    readonly finished: Promise<Finished>;
  } {
    const child = spawn(process.execPath, [clade, ...withWorkers(words)], {
      cwd: this.directory,
      env: this.#env(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (data) => (output.stdout += data));
    child.stderr.on("data", (data) => (output.stderr += data));
    const finished = new Promise<Finished>((resolve) => {
      child.once("close", (code) => resolve({ code, ...output }));
    });
    return { process: child, finished };
  }

  clade(...words: string[]): Promise<Finished> {
    return this.start(...words).finished;
  }

  /**
   * The same in this process, which is faster and loads a file only once. Only the workers of a
   * run are processes.
   */
  ask(...words: string[]): Promise<Finished> {
    return runIn(this.directory, withWorkers(words), this.#env());
  }

  #env(): NodeJS.ProcessEnv {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    return { PATH, NODE_COMPILE_CACHE, NO_COLOR: "1", ...this.#environment };
  }

  /** Waits until `clade status` prints it. */
  async statusWith(text: RegExp): Promise<string> {
    for (let looks = 1; ; looks++) {
      const { stdout, stderr } = await this.ask("status");
      if (text.test(stdout)) return stdout;
      if (looks === maxLooks) expect(stdout + stderr).toMatch(text);
      await sleep(lookMs);
    }
  }

  /** The run's events, read from the output of `--json`. */
  static events(stdout: string): { readonly type: string; readonly [key: string]: unknown }[] {
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
  }

  /**
   * The result of a successful run with `--json`. Otherwise the failure shows the run's output.
   */
  static result({ code, stdout, stderr }: Finished): { readonly [key: string]: unknown } {
    expect(code, `${stderr}\n${stdout}`).toBe(0);
    return Workplace.events(stdout).at(-1)!;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const finishedRuns = new Map<string, { readonly place: Workplace; readonly run: Finished }>();

/**
 * Copies what is left of a run of the experiment in climb.mjs into a place. It runs once, with
 * `--json --seed 1`, and all tests share what it left. Resolves what the run printed.
 */
export async function putFinishedRun(into: Workplace, text = climb()): Promise<Finished> {
  if (!finishedRuns.has(text)) {
    const place = new Workplace();
    place.write("climb.mjs", text);
    const run = await place.ask("run", "climb.mjs", "--json", "--seed", "1");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    finishedRuns.set(text, { place, run });
  }
  const { place, run } = finishedRuns.get(text)!;
  cpSync(place.directory, into.directory, { recursive: true, preserveTimestamps: true });
  return run;
}

/** One worker, unless the words say how many: each is a process. */
function withWorkers(words: readonly string[]): readonly string[] {
  const [command = ""] = words;
  const isSaid = words.includes("--workers") || words.includes("--gpus");
  const hasWorkers = ["run", "study", "replay", "resume"].includes(command);
  return hasWorkers && !isSaid ? [...words, "--workers", "1"] : words;
}

/**
 * An experiment whose score climbs with each step of `stepMs`. Lines may replace parts of the
 * declaration or of the trainer.
 */
export function climb({ stepMs = 0, declaration = "", trainer = "" } = {}): string {
  return `
import { constant, defineExperiment, everySteps, logUniform, maximize, noExploit } from "clade";
import { perturb, tTestSelection, truncationSelection, uniform } from "clade";

class Climber {
  height = 0;
  async step({ rate }) {
    ${stepMs > 0 ? `await new Promise((resolve) => setTimeout(resolve, ${stepMs}));` : ""}
    this.height += rate;
  }
  evaluate() { return { height: this.height }; }
  save() { return { height: this.height }; }
  restore({ height }) { this.height = height; }
  ${trainer}
}

export default defineExperiment({
  name: "climb",
  population: 4,
  hyperparameters: { rate: logUniform(1e-3, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
  exploit: truncationSelection({ fraction: 0.25 }),
  budget: { stepsPerMember: 50 },
  trainer: Climber,
  ${declaration}
});
`;
}
