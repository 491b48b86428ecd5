/**
 * What the engine costs a generation with a PostgreSQL server on the same machine, with a trainer
 * that does nothing; how many generations 32 worker processes get done; and what a generation asks
 * of the database.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesystemCheckpointStore, postgresPopulationStore, run } from "clade";
import pg from "pg";
import { median, quantile } from "simple-statistics";
import { createRun } from "../src/run/create-run.ts";
import { startPostgres } from "../test/servers/postgres-server.ts";
import { databaseLoad } from "./postgres/database-load.ts";
import { emptyExperiment } from "./postgres/empty-experiment.ts";
import { processorMs, serverProcessorMs } from "./postgres/processor-time.ts";
import { table, writeResults } from "./results-file.ts";

const server = (await startPostgres())!;
const directory = mkdtempSync(join(tmpdir(), "clade-postgres-benchmark-"));
/** As workers are started by the command line. */
const execArgv = ["--single-threaded-gc"];
const ms = (value: number) => `${value.toFixed(2)} ms`;

/** One insert and one update a transaction, in milliseconds. */
async function bareTransactions(count: number): Promise<number[]> {
  const client = new pg.Client(await server.newDatabase());
  await client.connect();
  await client.query(
    "CREATE TABLE a (k serial PRIMARY KEY, v text); CREATE TABLE b (k integer, v integer)",
  );
  await client.query("INSERT INTO b VALUES (1, 0)");
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await client.query("BEGIN; INSERT INTO a (v) VALUES ('x'); UPDATE b SET v = v + 1; COMMIT");
    times.push(performance.now() - start);
  }
  await client.end();
  return times;
}

/** The time from one step to the next, of one worker, in milliseconds. */
async function costs(population: number, generations: number): Promise<number[]> {
  const times: number[] = [];
  let last = 0;
  const experiment = emptyExperiment(
    population,
    Math.max(2, Math.ceil(generations / population)),
    () => {
      const now = performance.now();
      if (last > 0) times.push(now - last);
      last = now;
    },
  );
  await using populationStore = await postgresPopulationStore(await server.newDatabase());
  const checkpoints = () => filesystemCheckpointStore(join(directory, `${population}`));
  await run(experiment, { seed: 1, populationStore, checkpoints });
  return times;
}

/** Transactions a second of processes that do nothing else. */
async function bareProcesses(count: number): Promise<number> {
  const url = await server.newDatabase();
  const client = new pg.Client(url);
  await client.connect();
  await client.query(
    "CREATE TABLE a (k serial PRIMARY KEY, v text); " +
      "CREATE TABLE b (k integer PRIMARY KEY, v integer)",
  );
  await client.query(`INSERT INTO b SELECT k, 0 FROM generate_series(0, ${count - 1}) k`);
  await client.end();
  const seconds = 10;
  const script = new URL("./postgres/bare-worker.ts", import.meta.url).pathname;
  const workers = Array.from({ length: count }, (_, row) =>
    fork(script, [url, `${row}`, `${seconds}`], { execArgv }),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const worker of workers) worker.send("begin");
  const counts = await Promise.all(
    workers.map(async (worker) => (await once(worker, "message"))[0] as number),
  );
  return counts.reduce((sum, each) => sum + each, 0) / seconds;
}

/**
 * `count` workers in `processes` processes, with a server of their own, so that nothing from an
 * earlier measurement is vacuumed meanwhile.
 */
async function manyWorkers(
  count: number,
  processes: number,
  population: number,
  stepsPerMember: number,
) {
  await using server = (await startPostgres())!;
  const url = await server.newDatabase();
  await using store = await postgresPopulationStore(url);
  const { id } = await createRun(store, emptyExperiment(population, stepsPerMember), 1);
  const script = new URL("./postgres/empty-worker.ts", import.meta.url).pathname;
  const workers = Array.from({ length: processes }, () =>
    fork(script, [url, id, join(directory, `many-${count}`), `${count / processes}`], {
      execArgv,
    }),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const before = await databaseLoad(url);
  const generations = population * stepsPerMember;
  const looks: { ms: number; done: number; client: number; server: number }[] = [];
  const client = workers.map(() => 0);
  const look = async () => {
    const members = await store.members(id);
    workers.forEach(({ pid }, index) => {
      client[index] = Math.max(client[index]!, processorMs(pid!));
    });
    looks.push({
      ms: performance.now(),
      done: members.reduce((sum, { newest }) => sum + newest.generation, 0),
      client: client.reduce((sum, each) => sum + each, 0),
      server: serverProcessorMs(server.port),
    });
  };
  for (const worker of workers) worker.send("begin");
  const looking = setInterval(() => void look(), 500);
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  clearInterval(looking);
  // The time in which the processes warm up, and that in which few members are left, are those of
  // a short run and not of the store.
  const first = looks.find(({ done }) => done >= 0.3 * generations)!;
  const last = looks.findLast(({ done }) => done <= 0.95 * generations)!;
  const each = (name: "client" | "server") =>
    (last[name] - first[name]) / (last.done - first.done);
  const after = await databaseLoad(url);
  const per = (name: keyof typeof before) => (after[name] - before[name]) / generations;
  return [
    String(count),
    String(processes),
    ((1000 * (last.done - first.done)) / (last.ms - first.ms)).toFixed(0),
    ms(each("client")),
    ms(each("server")),
    per("transactions").toFixed(1),
    per("read").toFixed(0),
    per("written").toFixed(1),
    `${(per("wal") / 1024).toFixed(1)} kB`,
    `${(per("bytes") / 1024).toFixed(1)} kB`,
  ];
}

const bare = median(await bareTransactions(3000));
const single: string[][] = [];
let of100 = 0;
for (const [population, generations] of [
  [10, 3000],
  [100, 3000],
  [1000, 4000],
  [10_000, 20_000],
] as const) {
  const times = await costs(population, generations);
  const cost = median(times);
  if (population === 100) of100 = cost;
  single.push([
    population.toLocaleString("en"),
    ms(cost),
    ms(quantile(times, 0.99)),
    (cost / bare).toFixed(1),
    of100 > 0 ? (cost / of100).toFixed(2) : "",
  ]);
}
const bare32 = await bareProcesses(32);
const many = [
  await manyWorkers(1, 1, 64, 40),
  await manyWorkers(8, 8, 64, 100),
  await manyWorkers(32, 2, 64, 400),
  await manyWorkers(32, 32, 64, 200),
];
await server[Symbol.asyncDispose]();
rmSync(directory, { recursive: true });
writeResults("postgres", "PostgreSQL on the same machine", [
  "Server, workers and trainers share the cores. A bare transaction of one insert and one " +
    `update takes ${ms(bare)}, written to the disk; so does every publication.`,
  "One worker; to reach: a median of 5 ms, and 10,000 members at most 2 times the cost of 100.",
  table(["members", "a generation", "99%", "to a bare transaction", "to 100 members"], single),
  "Workers with 64 members, when they are warm; to reach: 500 generations/s with 32 of " +
    "them. Of the processors, and of the database, a generation:",
  table(
    [
      "workers",
      "processes",
      "generations/s",
      "workers' processors",
      "server's",
      "transactions",
      "rows read",
      "rows written",
      "log",
      "growth",
    ],
    many,
  ),
  `32 processes that do nothing but bare transactions do ${bare32.toFixed(0)} a second ` +
    `here. A generation is 3 messages, so ${(bare32 / 3).toFixed(0)} generations a second ` +
    "would be the bound if each cost no more than that. What is left is the cost of 32 Node " +
    "processes and 32 of the server that take turns on 2 cores, and each time find their " +
    "memory gone from the caches: the same 32 workers in 2 processes need far less of the " +
    "processors' time.",
]);
