/**
 * 1,000 workers and 10,000 members on one PostgreSQL server, in real time, with a trainer that
 * only takes time: `thousand-workers.ts [WORKERS [MEMBERS [SECONDS_A_GENERATION [MINUTES]]]]`. How
 * long workers wait for the store, and what they ask of the database.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { filesystemCheckpointStore, postgresPopulationStore } from "clade";
import pg from "pg";
import { mean, median, quantile } from "simple-statistics";
import type { WorkerId } from "../src/population-store/population-store.ts";
import { createRun } from "../src/run/create-run.ts";
import { sessionOf } from "../src/trainer/session-of.ts";
import { work } from "../src/worker/worker.ts";
import { startPooler } from "../test/servers/pooler.ts";
import { startPostgres } from "../test/servers/postgres-server.ts";
import { databaseLoad } from "./postgres/database-load.ts";
import { processorMs, serverProcessorMs } from "./postgres/processor-time.ts";
import { simulatedExperiment } from "./postgres/simulated-experiment.ts";
import type { Generation } from "./postgres/simulated-workers.ts";
import { table, writeResults } from "./results-file.ts";

const given = process.argv.slice(2).map(Number);
const [workers = 1000, members = 10_000, seconds = 60, minutes = 4] = given;
const processes = 8;
/** Of the pooler to the server. */
const connections = 20;

const server = (await startPostgres())!;
const pooler = (await startPooler(server, connections))!;
const directory = mkdtempSync(join(tmpdir(), "clade-thousand-workers-"));
const url = await server.newDatabase();
await using store = await postgresPopulationStore(url);
const stepsPerMember = 1000;
const { id } = await createRun(
  store,
  simulatedExperiment(members, stepsPerMember, () => 0),
  1,
);
const checkpoints = join(directory, "checkpoints");

await firstGeneration();
const read = performance.now();
await store.present(id);
await store.generation(id, 1);
const readingMs = performance.now() - read;

const script = new URL("./postgres/simulated-workers.ts", import.meta.url).pathname;
const each = workers / processes;
const children = Array.from({ length: processes }, (_, index) =>
  fork(script, [
    pooler.url(url),
    id,
    checkpoints,
    `${each}`,
    `${index * each}`,
    `${seconds * 1000}`,
  ]),
);
await Promise.all(children.map((child) => messages(child, each)));
for (const child of children) child.send("begin");
// Each has read the population, and done its first generation.
await Promise.all(children.map((child) => messages(child, each)));
const before = await look();
let maxConnections = 0;
for (const end = Date.now() + minutes * 60_000; Date.now() < end; await sleep(5000))
  maxConnections = Math.max(maxConnections, await connectionsNow());
const after = await look();
const generations = (
  await Promise.all(
    children.map(async (child) => {
      child.send("end");
      const [told] = await once(child, "message");
      return told as Generation[];
    }),
  )
)
  .flat()
  .filter(({ at }) => at > before.at && at <= after.at);
for (const child of children) child.kill();
await pooler[Symbol.asyncDispose]();
await server[Symbol.asyncDispose]();
rmSync(directory, { recursive: true });

const count = generations.length;
const spent = (after.at - before.at) / 1000;
const per = (name: keyof typeof before.load) => (after.load[name] - before.load[name]) / count;
const share = (of: readonly Generation[]) => (100 * sum(of, "storeMs")) / sum(of, "ms");
const shares = generations.map((generation) => share([generation]));
const sharesOfWorkers = [...Map.groupBy(generations, ({ worker }) => worker).values()].map(share);
const waits = generations.map(({ storeMs }) => storeMs);
const percent = (value: number) => `${value.toFixed(3)}%`;
const serverMs = (after.serverMs - before.serverMs) / count;
const clientMs = (after.clientMs - before.clientMs) / count;
const row = (name: string, values: readonly number[], show: (value: number) => string) => [
  name,
  ...[mean(values), median(values), quantile(values, 0.99), Math.max(...values)].map(show),
];
writeResults(
  "thousand-workers",
  `${workers.toLocaleString("en")} workers, ${members.toLocaleString("en")} members`,
  [
    `PostgreSQL, PgBouncer in front of it (transaction mode, ${connections} connections to ` +
      `the server) and all workers (real ones, ${each} in each of ${processes} processes, ` +
      `each with connections of its own) on this machine; the trainer waits for ${seconds} s, ` +
      `give or take a tenth. ${count.toLocaleString("en")} generations in ${spent.toFixed(0)} ` +
      `s of real time, ${(count / spent).toFixed(1)} a second, after the workers' first ones. ` +
      "To reach: at most 1% of a worker's time waiting for the store.",
    table(
      ["waiting for the store", "mean", "median", "99%", "most"],
      [
        row("in a generation", waits, (ms) => `${ms.toFixed(1)} ms`),
        row("of a generation's time", shares, percent),
        row("of a worker's time", sharesOfWorkers, percent),
      ],
    ),
    "What a generation asks of the database, with the renewals of its lease:",
    table(
      [
        "transactions",
        "rows read",
        "rows written",
        "log",
        "growth",
        "server's processor",
        "workers' processor",
      ],
      [
        [
          per("transactions").toFixed(1),
          per("read").toFixed(0),
          per("written").toFixed(1),
          `${(per("wal") / 1024).toFixed(1)} kB`,
          `${(per("bytes") / 1024).toFixed(1)} kB`,
          `${serverMs.toFixed(1)} ms`,
          `${clientMs.toFixed(1)} ms`,
        ],
      ],
    ),
    `At most ${maxConnections} connections to the server were open. Without a pooler it is ` +
      "one a worker, and a second one while it waits for a member or renews during a " +
      "publication, where PostgreSQL's `max_connections` is 100 by default. A worker that " +
      `joins reads the population once: ${readingMs.toFixed(0)} ms for ` +
      `${members.toLocaleString("en")} members (here the workers of a process shared it).`,
    `One core of the database's machine is thus busy at ${(1000 / serverMs).toFixed(0)} ` +
      `generations a second: ${Math.round((1000 / serverMs) * seconds).toLocaleString("en")} ` +
      `workers at generations of ${seconds} s.`,
  ],
);
process.exit();

/**
 * Every member has trained one generation, so that each of the following ones begins with a
 * decision: one is trained, the others are written like it.
 */
async function firstGeneration(): Promise<void> {
  const done = new AbortController();
  let steps = 0;
  const experiment = simulatedExperiment(members, stepsPerMember, () => {
    if (++steps > 1) done.abort();
    return 0;
  });
  await work({
    worker: "simulated:first:0" as WorkerId,
    run: await store.run(id),
    experiment,
    populationStore: store,
    checkpointStore: filesystemCheckpointStore(checkpoints),
    session: sessionOf(experiment.trainer),
    signal: done.signal,
  });
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    INSERT INTO clade.snapshots (run, member, ordinal, kind, parent, generation, step,
        member_steps, hyperparameters, checkpoint, score, metrics, worker, published_at)
      SELECT t.run, r.member, 1, 'trained', r.member || '.0', 1, 1, 1, r.hyperparameters,
        t.checkpoint, random(), t.metrics, t.worker, t.published_at
      FROM clade.snapshots t, clade.snapshots r
      WHERE t.member = 0 AND t.ordinal = 1 AND r.member > 0 AND r.ordinal = 0;
    UPDATE clade.members SET newest = 1, generation = 1, steps = 1, undecided = 1
      WHERE member > 0`);
  await client.end();
}

function sum(of: readonly Generation[], name: "ms" | "storeMs"): number {
  return of.reduce((total, generation) => total + generation[name], 0);
}

async function messages(child: ChildProcess, expected: number): Promise<void> {
  let heard = 0;
  await new Promise<void>((resolve) => {
    child.on("message", () => ++heard === expected && resolve());
  });
}

async function look() {
  const load = await databaseLoad(url);
  const clientMs = children.reduce((sum, { pid }) => sum + processorMs(pid!), 0);
  return { at: Date.now(), load, clientMs, serverMs: serverProcessorMs(server.port) };
}

async function connectionsNow(): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(
    "SELECT count(*)::integer AS count FROM pg_stat_activity WHERE datname = current_database()",
  );
  await client.end();
  return rows[0].count - 1;
}
