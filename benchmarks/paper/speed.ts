/**
 * Where the time of one worker goes while it trains an experiment of the paper, with the stores
 * that `clade run` uses: in Clade, in the training library, in the physics, and in the example's
 * own code. Prints one line of JSON.
 *
 *     npx node benchmarks/paper/speed.ts FILE STEPS_PER_MEMBER
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  defineExperiment,
  type Experiment,
  filesystemCheckpointStore,
  run,
  sqlitePopulationStore,
  type Trainer,
  type TrainerContext,
  withSettings,
} from "clade";
import { median } from "simple-statistics";

export interface Speed {
  readonly steps: number;
  /** The median of a step, in milliseconds. */
  readonly stepMs: number;
  /** Of the worker's wall time: training steps, evaluations, saving and restoring. */
  readonly inSteps: number;
  readonly inEvaluations: number;
  readonly inCheckpoints: number;
  /**
   * Of the samples of a profiler: in whose code they fell, or in what it called. `idle` is
   * waiting, mostly of Clade for the disk. `Node` is what belongs to no code, mostly the garbage
   * collector, much of whose work is done in the pauses that Clade makes between steps for timers
   * and signals: a trainer without Clade does it within its steps, and takes as long.
   */
  readonly code: { readonly [part in Part]: number };
}

const parts = ["jax-js", "MuJoCo", "example", "Clade", "Node", "idle"] as const;
type Part = (typeof parts)[number];

const spent = { step: 0, evaluate: 0, save: 0, restore: 0, start: 0 };
const stepMs: number[] = [];

async function timed<T>(part: keyof typeof spent, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  const took = performance.now() - start;
  spent[part] += took;
  if (part === "step") stepMs.push(took);
  return result;
}

/** The trainer of an experiment with every call timed. */
function withClock({ declaration }: Experiment): Experiment {
  const source = declaration.trainer as new (context: TrainerContext) => Trainer;
  return defineExperiment({
    ...declaration,
    trainer: async (context: TrainerContext): Promise<Trainer> => {
      const isClass = /^class\b/.test(Function.prototype.toString.call(source));
      const make = source as unknown as (context: TrainerContext) => Trainer;
      const trainer = await timed("start", () => (isClass ? new source(context) : make(context)));
      return {
        step: (...given) => timed("step", () => trainer.step(...given)),
        evaluate: (context) => timed("evaluate", () => trainer.evaluate(context)),
        save: () => timed("save", () => trainer.save()),
        restore: (state, context) => timed("restore", () => trainer.restore(state, context)),
        dispose: () => trainer.dispose?.(),
      };
    },
  });
}

function sharesOf({ nodes }: Awaited<ReturnType<typeof profiled>>): Speed["code"] {
  const counts = Object.fromEntries(parts.map((part) => [part, 0])) as Record<Part, number>;
  const callers = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node])),
  );
  for (const node of nodes) {
    let part: Part | undefined;
    for (let frame: typeof node | undefined = node; frame && !part; frame = callers.get(frame.id))
      part = partOf(frame.callFrame);
    counts[part ?? "Node"] += node.hitCount ?? 0;
  }
  const total = parts.reduce((sum, part) => sum + counts[part], 0);
  return Object.fromEntries(parts.map((part) => [part, counts[part] / total])) as Speed["code"];
}

/**
 * Compiled WebAssembly has an address of its own, which names MuJoCo's; all other modules are
 * jax-js kernels.
 */
function partOf({ url, functionName }: { url: string; functionName: string }): Part | undefined {
  if (functionName === "(idle)") return "idle";
  if (url.includes("mujoco")) return "MuJoCo";
  if (url.startsWith("wasm:") || url.includes("@jax-js")) return "jax-js";
  if (url.includes("/examples/")) return "example";
  return /\/(src|dist)\//.test(url) ? "Clade" : undefined;
}

async function profiled(work: () => Promise<void>) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return profile;
}

const [file, stepsPerMember] = process.argv.slice(2) as [string, string];
const { default: experiment } = (await import(pathToFileURL(resolve(file)).href)) as {
  default: Experiment;
};
const measured = withSettings(withClock(experiment), {
  population: 4,
  "budget.stepsPerMember": Number(stepsPerMember),
});
const place = mkdtempSync(join(tmpdir(), "clade-speed-"));
try {
  await using populationStore = sqlitePopulationStore(join(place, "clade.db"));
  const checkpoints = () => filesystemCheckpointStore(join(place, "checkpoints"));
  let wallMs = 0;
  const profile = await profiled(async () => {
    const start = performance.now();
    await run(measured, { populationStore, checkpoints, seed: 101 });
    wallMs = performance.now() - start;
  });
  const share = (...parts: (keyof typeof spent)[]) =>
    parts.reduce((sum, part) => sum + spent[part], 0) / wallMs;
  const speed: Speed = {
    steps: stepMs.length,
    stepMs: median(stepMs),
    inSteps: share("step"),
    inEvaluations: share("evaluate"),
    inCheckpoints: share("save", "restore", "start"),
    code: sharesOf(profile),
  };
  console.log(JSON.stringify(speed));
} finally {
  rmSync(place, { recursive: true });
}
