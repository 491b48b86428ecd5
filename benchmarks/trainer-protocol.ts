/**
 * What a trainer in Python costs beside one in this process: a call of the protocol, a generation,
 * and handing over a checkpoint of 1 GB.
 *
 *     [PYTHON=/path/to/python3] npx node benchmarks/trainer-protocol.ts    as root, for both users
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  command,
  defineExperiment,
  everySteps,
  filesystemCheckpointStore,
  logUniform,
  maximize,
  run,
  type Snapshot,
  sqlitePopulationStore,
} from "clade";
import { sessionOf } from "../src/trainer/session-of.ts";
import type { TrainerSession } from "../src/trainer/trainer-session.ts";
import { restoreFrom, saveTo } from "../src/worker/checkpoints.ts";
import { table, writeResults } from "./results-file.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.PYTHON ?? "python3";
const directory = mkdtempSync(join(tmpdir(), "clade-protocol-"));
const handOverOnly = "--hand-over-only";
const gigabyte = 1024 ** 3;
const turn = { member: 0, seed: 1, hyperparameters: { rate: 0.1 } };
const noReserve = async () => {};

function trainer(checkpointBytes: number) {
  const environment = {
    PYTHONPATH: here("../python/src"),
    CHECKPOINT_BYTES: String(checkpointBytes),
  };
  return command(`${python} ${here("empty_trainer.py")}`, { environment });
}

function quantiles(times: readonly number[]): string[] {
  const sorted = times.toSorted((a, b) => a - b);
  return [sorted[sorted.length >> 1]!, sorted[Math.floor(sorted.length * 0.99)]!].map((ms) =>
    ms.toFixed(3),
  );
}

async function timed(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < count; call++) {
    const begin = performance.now();
    await work();
    times.push(performance.now() - begin);
  }
  return times;
}

async function calls(): Promise<string[][]> {
  const session = sessionOf(trainer(1024));
  const budget = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  const generation = { ...budget, ...turn, step: 0, generation: 0, ready: everySteps(1) };
  try {
    await session.start(turn);
    await timed(200, () => session.evaluate(false));
    const evaluate = quantiles(await timed(3000, () => session.evaluate(false)));
    const train = quantiles(await timed(3000, () => session.train(generation)));
    return [
      ["evaluate", ...evaluate],
      ["train 1 step", ...train],
    ];
  } finally {
    await session.dispose();
  }
}

/** Distances between what one worker publishes, in milliseconds. */
async function generations(population: number): Promise<string[]> {
  const store = join(directory, `generations-${population}`);
  await using populationStore = sqlitePopulationStore(join(store, "clade.db"));
  const times: number[] = [];
  let last = 0;
  const experiment = defineExperiment({
    name: "empty",
    population,
    hyperparameters: { rate: logUniform(1e-4, 1) },
    objective: maximize("score"),
    ready: everySteps(1),
    budget: { stepsPerMember: 1600 / population },
    trainer: trainer(1024),
  });
  const isTrained = ({ kind }: Snapshot) => kind === "trained";
  await run(experiment, {
    seed: 1,
    populationStore,
    checkpoints: () => filesystemCheckpointStore(join(store, "checkpoints")),
    onEvent(event) {
      if (event.type !== "snapshot" || !isTrained(event.snapshot)) return;
      const now = performance.now();
      if (last > 0) times.push(now - last);
      last = now;
    },
  });
  return [
    String(population),
    (times.reduce((sum, time) => sum + time, 0) / times.length).toFixed(2),
  ];
}

/**
 * From the decision to restore until the trainer's own restore is called, in another process than
 * the donor's.
 */
async function handOver(): Promise<{ rows: string[][]; inodesKept: boolean }> {
  const store = filesystemCheckpointStore(join(directory, "gigabyte"));
  const [donor, recipient]: TrainerSession[] = [
    sessionOf(trainer(gigabyte)),
    sessionOf(trainer(gigabyte)),
  ];
  const rows: string[][] = [];
  try {
    await donor!.start(turn);
    await recipient!.start({ ...turn, member: 1, seed: 2 });
    const saving = performance.now();
    const id = await saveTo(store, donor!, noReserve);
    rows.push([
      "save by the donor, with its hash",
      ((performance.now() - saving) / 1000).toFixed(2),
    ]);
    const called: number[] = [];
    const whole: number[] = [];
    for (let time = 0; time < 5; time++) {
      const begin = Date.now();
      await restoreFrom(store, recipient!, id, { ...turn, member: 1, seed: 2 });
      whole.push(Date.now() - begin);
      called.push(((await recipient!.evaluate(false)).restoreCalledAt as number) - begin);
    }
    const worst = (times: number[]) => (Math.max(...times) / 1000).toFixed(4);
    rows.push(["until the recipient's restore is called, worst of 5", worst(called)]);
    rows.push(["until it has answered with the hash of the 1 GB, worst of 5", worst(whole)]);
    await using opened = await store.directories.open(id);
    const stored = readdirSync(join(directory, "gigabyte", "files")).map(
      (name) => statSync(join(directory, "gigabyte", "files", name)).ino,
    );
    return { rows, inodesKept: stored.includes(statSync(join(opened.path, "weights.bin")).ino) };
  } finally {
    await donor!.dispose();
    await recipient!.dispose();
  }
}

/** As another user, for whom the system protects what is handed out. Only root can try both. */
function handOverAsNobody(): Awaited<ReturnType<typeof handOver>> {
  const [uid, gid] = ["-u", "-g"].map((what) => Number(execFileSync("id", [what, "nobody"])));
  const words = [fileURLToPath(import.meta.url), handOverOnly];
  return JSON.parse(
    execFileSync(process.execPath, words, { encoding: "utf8", uid: uid!, gid: gid! }),
  );
}

async function all(): Promise<void> {
  const perCall = await calls();
  const perGeneration = [await generations(1), await generations(8)];
  const isRoot = process.getuid?.() === 0;
  const users = isRoot
    ? [
        { who: "a user", ...handOverAsNobody() },
        { who: "root", ...(await handOver()) },
      ]
    : [{ who: "a user", ...(await handOver()) }];
  const [{ rows }] = users as [(typeof users)[0]];
  writeResults("trainer-protocol", "A trainer in Python", [
    "An empty trainer on the Python client, in a process of its own. Bound: 1 ms a call, median.",
    table(["call", "median ms", "99% ms"], perCall),
    "A whole generation of it with one worker: train, evaluate, save 1 KB, publish in " +
      "SQLite and files; with 8 members also restore, since one process serves them all. " +
      "Bound: 10 ms.",
    table(["members", "ms a generation"], perGeneration),
    "A checkpoint of 1 GB, from the process of one member to that of another, in seconds. " +
      "Bound: 0.05 s until the recipient's restore is called, where the recipient's user may " +
      "not write to the store's file and so gets a hard link. Root may write to any file, and " +
      "gets a copy where the file system cannot share blocks.",
    table(
      ["", ...users.map(({ who }) => `as ${who}`)],
      rows.map(([what], row) => [what!, ...users.map((user) => user.rows[row]![1]!)]),
    ),
    ...users.map(
      ({ who, inodesKept }) =>
        `As ${who} the recipient's file is ${inodesKept ? "" : "not "}the store's own (same ` +
        "inode).",
    ),
  ]);
}

const isPart = process.argv[2] === handOverOnly;
if (isPart) console.log(JSON.stringify(await handOver()));
else await all();
rmSync(directory, { recursive: true });
