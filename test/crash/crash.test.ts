/**
 * Kills real worker processes at random moments. Afterwards the tree of snapshots alone tells
 * whether anything was lost. The number of kills is CLADE_KILLS (12, or 60 in a long run), the
 * seed of the moments CLADE_SEED (1).
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { randomStream } from "../../src/algorithm/random.ts";
import type { SnapshotId } from "../../src/algorithm/snapshot.ts";
import { filesystemCheckpointStore } from "../../src/checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { Experiment } from "../../src/experiment/experiment.ts";
import { memoryPopulationStore } from "../../src/population-store/memory/memory-population-store.ts";
import {
  beginning,
  type PopulationStore,
  type RunId,
  type WorkerId,
} from "../../src/population-store/population-store.ts";
import { createRun } from "../../src/run/create-run.ts";
import { run } from "../../src/run/run.ts";
import { figure, inLongRuns, isLong, some } from "../long.ts";
import { startPostgres } from "../servers/postgres-server.ts";
import { expectSound } from "../walk/expect-sound.ts";
import { walkExperiment } from "../walk/walk-experiment.ts";
import { openPopulation } from "./open-population.ts";

const kills = Number(process.env.CLADE_KILLS ?? figure(12, 60));
const seed = Number(process.env.CLADE_SEED ?? 1);

const root = mkdtempSync(join(tmpdir(), "clade-crash-"));
const server = isLong ? await startPostgres() : undefined;
const needsPostgres =
  server || !isLong ? "" : " (needs PostgreSQL, and there is none for this machine)";
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

interface Place {
  readonly store: string;
  readonly checkpoints: string;
  readonly id: RunId;
}

let places = 0;

async function newRun(experiment: Experiment, database?: string): Promise<Place> {
  const directory = join(root, `${places++}`);
  const store = database ?? join(directory, "clade.db");
  await using populationStore = await openPopulation(store);
  const { id } = await createRun(populationStore, experiment, 1);
  return { store, checkpoints: join(directory, "checkpoints"), id };
}

test(`after ${kills} kills nothing that was published is lost, repeated or torn`, {
  timeout: Math.max(600_000, kills * 3000),
}, async () => {
  const stepsPerMember = 50 * kills;
  const experiment = walkExperiment({ population: 6, stepsPerMember, synchronous: false });
  // On most machines one run outlasts the kills; on a fast one the next run gets the rest.
  for (let killed = 0; killed < kills; ) {
    const place = await newRun(experiment);
    killed += await workWithKills(place, { workers: 2, kills: kills - killed });
    await using store = await openPopulation(place.store);
    const checkpoints = filesystemCheckpointStore(place.checkpoints);
    await expectSound(store, checkpoints, place.id, stepsPerMember);
    expect((await store.counts(place.id)).copies).toBeGreaterThan(0);
  }
});

test.skipIf(!server || !isLong)(
  `the same with PostgreSQL, whose server is killed too${needsPostgres}${inLongRuns}`,
  async () => {
    const [stepsPerMember, workerKills] = [600, 15];
    const experiment = walkExperiment({ population: 6, stepsPerMember, synchronous: false });
    const database = await server!.newDatabase();
    const random = randomStream(seed, "server kills");
    let [killedWorkers, serverKills] = [0, 0];
    const killServer = async () => {
      await server!.kill();
      serverKills++;
      await sleep(random.uniform() * 1000);
      await server!.start();
    };
    while (killedWorkers < workerKills || serverKills < 3) {
      const place = await newRun(experiment, database);
      await using store = await openPopulation(place.store);
      const isOver = async () => (await store.run(place.id)).state.kind !== "running";
      const snapshots = async () => (await store.counts(place.id)).snapshots;
      // Counts publications, not time: on a busy machine the server would be killed again before
      // anything is published.
      const killServers = async () => {
        while (!(await isOver())) {
          const enough = (await snapshots()) + 200 * random.uniform();
          while ((await snapshots()) < enough && !(await isOver())) await sleep(50);
          if (!(await isOver())) await killServer();
        }
      };
      const working = workWithKills(place, { workers: 2, kills: workerKills });
      killedWorkers += (await Promise.all([working, killServers()]))[0];
      const checkpoints = filesystemCheckpointStore(place.checkpoints);
      await expectSound(store, checkpoints, place.id, stepsPerMember);
    }
  },
);

test("a synchronous run has one tree with 1, 2 and 4 workers, with kills, in memory", async () => {
  const stepsPerMember = figure(60, 200);
  const experiment = walkExperiment({ population: 6, stepsPerMember, synchronous: true });
  const inMemory = memoryPopulationStore();
  const { run: id } = await run(experiment, { populationStore: inMemory, seed: 1, workers: 3 });
  const expected = await treeOf(inMemory, id);
  expect(expected.decisions.some(({ kind }) => kind === "copy")).toBe(true);
  for (const way of [
    ...some(
      [{ workers: 2, kills: Number.POSITIVE_INFINITY }],
      [
        { workers: 1, kills: 0 },
        { workers: 2, kills: 0 },
        { workers: 4, kills: 0 },
      ],
    ),
    ...(server
      ? [{ workers: 2, kills: Number.POSITIVE_INFINITY, database: await server.newDatabase() }]
      : []),
  ]) {
    const leastKills = way.kills > 0 ? figure(1, 4) : 0;
    let killed = 0;
    do {
      const place = await newRun(experiment, "database" in way ? way.database : undefined);
      killed += await workWithKills(place, way);
      await using store = await openPopulation(place.store);
      expect(await treeOf(store, place.id)).toEqual(expected);
      await expectSound(
        store,
        filesystemCheckpointStore(place.checkpoints),
        place.id,
        stepsPerMember,
      );
    } while (killed < leastKills);
  }
});

/**
 * Keeps workers alive until the run has ended, killing random ones at random moments. Resolves the
 * number of kills.
 */
async function workWithKills(
  { store, checkpoints, id }: Place,
  { workers, kills }: { readonly workers: number; readonly kills: number },
): Promise<number> {
  await using populationStore = await openPopulation(store);
  const random = randomStream(seed, `kills ${places}`);
  const script = new URL("./crash-worker.ts", import.meta.url).pathname;
  const living = new Map<WorkerId, ChildProcess>();
  const complaints: string[] = [];
  let killed = 0;
  let born = 0;

  /** Starts a worker and resolves when it works. */
  async function begin(): Promise<void> {
    const worker = `crash:${born++}:worker` as WorkerId;
    const child = fork(script, [store, checkpoints, id, worker], {
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    living.set(worker, child);
    let said = "";
    child.stderr!.on("data", (data) => {
      said += data;
    });
    child.once("exit", (code, signal) => {
      living.delete(worker);
      if (signal !== "SIGKILL" && code !== 0)
        complaints.push(`${worker} ended with ${code}: ${said}`);
    });
    await Promise.race([once(child, "message"), once(child, "exit")]);
  }

  try {
    await Promise.all(Array.from({ length: workers }, begin));
    while ((await populationStore.run(id)).state.kind === "running") {
      if (complaints.length > 0) throw new Error(complaints.join("\n"));
      if (living.size < workers) await begin();
      // Up to about 15 generations.
      await sleep(random.uniform() * 200);
      if (killed >= kills || living.size === 0) continue;
      const [worker, child] = random.pick([...living]);
      if (random.uniform() < 0.2) {
        // Another process wakes it, because it may hold the database's lock, and this process
        // would then wait forever.
        spawn("sh", ["-c", `sleep ${0.05 + random.uniform() * 0.3}; kill -CONT ${child.pid}`]);
        child.kill("SIGSTOP");
      } else {
        child.kill("SIGKILL");
        await once(child, "exit");
        killed++;
      }
      await populationStore.releaseWorker(id, worker);
    }
    await Promise.all(Array.from(living.values(), (child) => once(child, "exit")));
  } finally {
    for (const child of living.values()) child.kill("SIGKILL");
  }
  expect(complaints).toEqual([]);
  return killed;
}

function once(child: ChildProcess, event: "exit" | "message"): Promise<void> {
  if (event === "exit" && (child.exitCode !== null || child.signalCode !== null))
    return Promise.resolve();
  return new Promise((resolve) => child.once(event, () => resolve()));
}

/**
 * All decisions, without the facts of the execution, in an order that does not depend on the
 * execution.
 */
async function treeOf(store: PopulationStore, id: RunId) {
  const { snapshots, decisions, failures } = await store.changes(id, beginning, 1_000_000);
  expect(failures).toEqual([]);
  const { best } = await store.run(id);
  const tree = snapshots.map(({ publishedAt, worker, ...snapshot }) => snapshot);
  const byPlace = (a: SnapshotId, b: SnapshotId) => a.localeCompare(b, "en", { numeric: true });
  return {
    best,
    snapshots: tree.toSorted((a, b) => byPlace(a.id, b.id)),
    decisions: decisions.toSorted((a, b) => byPlace(a.snapshot, b.snapshot)),
  };
}
