/**
 * What the engine costs a generation with a PostgreSQL server on the same machine, with a trainer that does nothing; how many generations 32 worker
 * processes get done; and what a generation asks of the database.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesystemCheckpointStore, postgresPopulationStore, run } from "clade";
import pg from "pg";
import { median, quantile } from "simple-statistics";
import { createRun } from "../src/worker/run.ts";
import { startPostgres } from "../test/servers/postgres-server.ts";
import { emptyExperiment } from "./postgres/empty-experiment.ts";
import { table, writeResults } from "./results-file.ts";

const server = (await startPostgres())!;
const directory = mkdtempSync(join(tmpdir(), "clade-postgres-benchmark-"));
const ms = (value: number) => `${value.toFixed(2)} ms`;

/** One insert and one update a transaction, in milliseconds. */
async function bareTransactions(count: number): Promise<number[]> {
  const client = new pg.Client(await server.newDatabase());
  await client.connect();
  await client.query("CREATE TABLE a (k serial PRIMARY KEY, v text); CREATE TABLE b (k integer, v integer)");
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
  const experiment = emptyExperiment(population, Math.max(2, Math.ceil(generations / population)), () => {
    const now = performance.now();
    if (last > 0) times.push(now - last);
    last = now;
  });
  await using populationStore = await postgresPopulationStore(await server.newDatabase());
  const checkpoints = () => filesystemCheckpointStore(join(directory, `${population}`));
  await run(experiment, { seed: 1, populationStore, checkpoints });
  return times;
}

async function statistics(url: string) {
  const client = new pg.Client(url);
  await client.connect();
  // Counters of a connection reach the server's statistics when it has been idle for a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { rows } = await client.query(
    `SELECT xact_commit::float8 AS transactions, tup_returned::float8 AS read,
       (tup_inserted + tup_updated)::float8 AS written, pg_database_size(current_database())::float8 AS bytes,
       (pg_current_wal_lsn() - '0/0')::float8 AS wal FROM pg_stat_database WHERE datname = current_database()`,
  );
  await client.end();
  return rows[0] as Record<"transactions" | "read" | "written" | "bytes" | "wal", number>;
}

async function manyWorkers(count: number, population: number, stepsPerMember: number) {
  const url = await server.newDatabase();
  await using store = await postgresPopulationStore(url);
  const { id } = await createRun(store, emptyExperiment(population, stepsPerMember), 1);
  const script = new URL("./postgres/empty-worker.ts", import.meta.url).pathname;
  const workers = Array.from({ length: count }, () =>
    fork(script, [url, id, join(directory, `many-${count}`)]),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const before = await statistics(url);
  const start = performance.now();
  for (const worker of workers) worker.send("begin");
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  const seconds = (performance.now() - start) / 1000;
  const generations = population * stepsPerMember;
  const after = await statistics(url);
  const each = (name: keyof typeof before) => (after[name] - before[name]) / generations;
  return {
    rate: generations / seconds,
    row: [
      String(count),
      (generations / seconds).toFixed(0),
      each("transactions").toFixed(1),
      each("read").toFixed(0),
      each("written").toFixed(1),
      `${(each("wal") / 1024).toFixed(1)} kB`,
      `${(each("bytes") / 1024).toFixed(1)} kB`,
    ],
  };
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
const many = [await manyWorkers(1, 64, 30), await manyWorkers(8, 64, 60), await manyWorkers(32, 64, 100)];
await server[Symbol.asyncDispose]();
rmSync(directory, { recursive: true });
writeResults("postgres", "PostgreSQL on the same machine", [
  `Server, workers and trainers share the cores. A bare transaction of one insert and one update takes ${ms(bare)}, written to the disk; so does every publication.`,
  "One worker; to reach: a median of 5 ms, and 10,000 members at most 2 times the cost of 100.",
  table(["members", "a generation", "99%", "to a bare transaction", "to 100 members"], single),
  "Worker processes with 64 members; to reach: 500 generations/s with 32 of them. Of the database, a generation:",
  table(
    ["workers", "generations/s", "transactions", "rows read", "rows written", "log", "growth"],
    many.map(({ row }) => row),
  ),
]);
