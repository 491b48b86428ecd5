/**
 * What the engine itself costs a generation: claim, save, decide, publish, with a trainer that
 * does nothing. The distance between two steps of one worker is the cost of a generation. Beside
 * it: a bare SQLite transaction of one insert and one update, on the same disk, in the same
 * process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  defineExperiment,
  everySteps,
  filesystemCheckpointStore,
  logUniform,
  maximize,
  perturb,
  type RunOptions,
  run,
  sqlitePopulationStore,
  truncationSelection,
} from "clade";
import { table, writeResults } from "./results-file.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-engine-cost-"));
const generations = 20_000;

let lastStep = 0;
let costs: number[] = [];

class EmptyTrainer {
  step() {
    const now = performance.now();
    if (lastStep > 0) costs.push(now - lastStep);
    lastStep = now;
  }
  evaluate() {
    return { score: lastStep % 1 };
  }
  save() {
    return {};
  }
  restore() {}
}

/** Its checkpoint is small and different every time, so that each generation writes a file. */
class SavingTrainer extends EmptyTrainer {
  override save() {
    return { lastStep };
  }
}

/** Median and 99th percentile of a generation's cost, in milliseconds. */
async function costOf(
  trainer: typeof EmptyTrainer,
  population: number,
  options: RunOptions,
): Promise<{ median: number; high: number }> {
  const experiment = defineExperiment({
    name: "empty",
    population,
    hyperparameters: { rate: logUniform(1e-4, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    exploit: truncationSelection(),
    explore: perturb(),
    budget: { stepsPerMember: Math.max(2, Math.ceil(generations / population)) },
    trainer,
  });
  [lastStep, costs] = [0, []];
  await run(experiment, { seed: 1, ...options });
  costs.sort((a, b) => a - b);
  return { median: costs[costs.length >> 1]!, high: costs[Math.floor(costs.length * 0.99)]! };
}

function bareTransaction(): number {
  const database = new DatabaseSync(join(directory, "bare.db"));
  database.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE a (k INTEGER " +
      "PRIMARY KEY, v TEXT)",
  );
  database.exec("CREATE TABLE b (k INTEGER PRIMARY KEY, v INTEGER); INSERT INTO b VALUES (1, 0)");
  const [begin, insert, update, commit] = [
    "BEGIN IMMEDIATE",
    "INSERT INTO a (v) VALUES ('x')",
    "UPDATE b SET v = v + 1",
    "COMMIT",
  ].map((sql) => database.prepare(sql));
  const times = Array.from({ length: generations }, () => {
    const start = performance.now();
    for (const statement of [begin, insert, update, commit]) statement!.run();
    return performance.now() - start;
  });
  database.close();
  return times.sort((a, b) => a - b)[generations >> 1]!;
}

const bare = bareTransaction();
const rows: string[][] = [];
for (const [store, trainer] of [
  ["memory", EmptyTrainer],
  ["SQLite and files on disk", EmptyTrainer],
  ["the same, each checkpoint new", SavingTrainer],
] as const) {
  let smallest = 0;
  for (const population of [10, 100, 1_000, 10_000]) {
    const folder = join(directory, `${trainer.name}-${population}`);
    const onDisk = store !== "memory";
    await using populationStore = onDisk
      ? sqlitePopulationStore(join(folder, "clade.db"))
      : undefined;
    const options = populationStore
      ? {
          populationStore,
          checkpoints: () => filesystemCheckpointStore(join(folder, "checkpoints")),
        }
      : {};
    const { median, high } = await costOf(trainer, population, options);
    if (population === 10) smallest = median;
    const [ratio, toBare] = [median / smallest, median / bare].map((value) => value.toFixed(2));
    rows.push([
      store,
      String(population),
      median.toFixed(4),
      high.toFixed(3),
      ratio!,
      onDisk ? toBare! : "",
    ]);
  }
}
rmSync(directory, { recursive: true });
const heading = [
  "stores",
  "members",
  "median ms",
  "99% ms",
  "to 10 members",
  "to a bare transaction",
];
writeResults("engine-cost", "The engine's cost of a generation", [
  "Bounds: 0.05 ms with the memory stores, 0.3 ms with SQLite on disk, 1,000 members at " +
    "most 2 times the cost of 10, 10,000 complete.",
  table(heading, rows),
  `A bare transaction takes ${bare.toFixed(4)} ms.`,
]);
