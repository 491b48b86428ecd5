/**
 * Generations a second for 1 to 64 worker processes on one PostgreSQL server: with a trainer that
 * waits, so that the cores do not bound it, and with one that computes, as far as the cores reach.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresPopulationStore } from "clade";
import { createRun } from "../src/run/create-run.ts";
import { startPostgres } from "../test/servers/postgres-server.ts";
import { scalingExperiment } from "./postgres/scaling-worker.ts";
import { table, writeResults } from "./results-file.ts";

const server = (await startPostgres())!;
const directory = mkdtempSync(join(tmpdir(), "clade-scaling-"));
const script = new URL("./postgres/scaling-worker.ts", import.meta.url).pathname;
const sleepMs = 5000;
const computeMs = 200;
const members = 128;

/**
 * Generations a second, from when every worker has published to when each may have published so
 * many times.
 */
async function rate(
  count: number,
  kind: "sleep" | "compute",
  ms: number,
  times: number,
): Promise<number> {
  const url = await server.newDatabase();
  await using store = await postgresPopulationStore(url);
  const { id } = await createRun(store, scalingExperiment(members, kind, ms), 1);
  const place = join(directory, `${kind}-${count}`);
  const workers = Array.from({ length: count }, () =>
    fork(script, [url, id, place, kind, `${ms}`], { execArgv: ["--single-threaded-gc"] }),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const worker of workers) worker.send("begin");
  const trained = async () => {
    const cursor = { snapshots: 0, decisions: 0, failures: 0 };
    const { snapshots } = await store.changes(id, cursor, 1_000_000);
    return snapshots.filter((snapshot) => snapshot.kind === "trained");
  };
  while (new Set((await trained()).map(({ worker }) => worker)).size < count) await sleep(200);
  await sleep(ms * times * Math.max(1, kind === "compute" ? count / availableParallelism() : 1));
  const all = await trained();
  for (const worker of workers) worker.kill("SIGKILL");
  await Promise.all(
    workers.map((worker) => worker.exitCode ?? worker.signalCode ?? once(worker, "exit")),
  );
  // Of each worker, from its first publication to its last: whole generations.
  let sum = 0;
  for (const name of new Set(all.map(({ worker }) => worker))) {
    const at = all.filter(({ worker }) => worker === name).map(({ publishedAt }) => publishedAt);
    sum += (at.length - 1) / ((Math.max(...at) - Math.min(...at)) / 1000);
  }
  return sum;
}

async function rows(
  kind: "sleep" | "compute",
  ms: number,
  counts: readonly number[],
  times: number,
) {
  const found: string[][] = [];
  let one = 0;
  for (const count of counts) {
    const measured = await rate(count, kind, ms, times);
    one ||= measured;
    found.push([
      String(count),
      measured.toFixed(3),
      `${((100 * measured) / (count * one)).toFixed(1)}%`,
      `${((100 * measured) / (count / (ms / 1000))).toFixed(1)}%`,
    ]);
  }
  return found;
}

const header = ["workers", "generations/s", "of linear", "of the trainer alone"];
const waiting = await rows("sleep", sleepMs, [1, 2, 4, 8, 16, 32, 64], 4);
const computing = await rows("compute", computeMs, [1, 2, 4], 50);
await server[Symbol.asyncDispose]();
rmSync(directory, { recursive: true });
writeResults("scaling", "Throughput of 1 to 64 workers", [
  `Worker processes and PostgreSQL on this machine, ${members} members. A trainer that ` +
    `waits for ${sleepMs / 1000} s a generation; to reach: 95% of linear to 64 workers.`,
  table(header, waiting),
  `A trainer that takes ${computeMs} ms of a core a generation. There are ` +
    `${availableParallelism()} cores, and the server needs its share of them.`,
  table(header, computing),
]);
