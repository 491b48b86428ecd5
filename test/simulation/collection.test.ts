/**
 * Workers, pinners and collectors in random interleavings: collection never removes what a live
 * snapshot, a claim in progress or a pin refers to, and removes everything else.
 * CLADE_SIMULATION_SEEDS (8, or 24 in a long run) is the number of seeds for each kind of stores.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { randomStream } from "../../src/algorithm/random.ts";
import { type CheckpointId, type Snapshot, snapshotId } from "../../src/algorithm/snapshot.ts";
import { CheckpointError } from "../../src/checkpoint-store/checkpoint-store.ts";
import { filesystemCheckpointStore } from "../../src/checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import { memoryCheckpointStore } from "../../src/checkpoint-store/memory/memory-checkpoint-store.ts";
import { LocalCache } from "../../src/checkpoint-store/objects/local-cache.ts";
import { objectCheckpointStore } from "../../src/checkpoint-store/objects/object-checkpoint-store.ts";
import { sharedDirectoryStorage } from "../../src/checkpoint-store/shared-directory/shared-directory-storage.ts";
import type { ExperimentDescription } from "../../src/experiment/experiment.ts";
import { memoryPopulationStore } from "../../src/population-store/memory/memory-population-store.ts";
import type { WorkerId } from "../../src/population-store/population-store.ts";
import { sqlitePopulationStore } from "../../src/population-store/sqlite/sqlite-population-store.ts";
import { figure, isLong } from "../long.ts";
import {
  collector,
  expectContent,
  members,
  pinNames,
  pinner,
  runId,
  type World,
  worker,
} from "./savers-and-collectors.ts";
import { Scheduler } from "./scheduler.ts";

const seeds = Number(process.env.CLADE_SIMULATION_SEEDS ?? figure(5, 24));

const root = mkdtempSync(join(tmpdir(), "clade-simulation-"));
afterAll(() => rmSync(root, { recursive: true }));

test(`nothing needed is collected, in memory (${seeds} seeds)`, async () => {
  const tally = newTally();
  for (let seed = 0; seed < seeds; seed++) {
    const clock = { time: 1_700_000_000_000 };
    const population = memoryPopulationStore({ now: () => clock.time });
    const checkpoints = memoryCheckpointStore();
    const collectors = [checkpoints, checkpoints];
    await simulate(
      { population, checkpoints, collectors, last: checkpoints, clock, tally },
      seed,
      false,
    );
  }
  expectVariety(tally);
});

for (const overlap of [false, true]) {
  const how = overlap ? ", while files are being written" : "";
  test(`nothing needed is collected, with SQLite and files${how} (${seeds} seeds)`, async () => {
    const tally = newTally();
    for (let seed = 0; seed < seeds; seed++) {
      const clock = { time: 1_700_000_000_000 };
      const directory = join(root, `${seed}${how}`);
      await using population = sqlitePopulationStore(join(directory, "clade.db"), {
        now: () => clock.time,
      });
      const checkpoints = filesystemCheckpointStore(join(directory, "checkpoints"));
      const collectors = [checkpoints, checkpoints];
      const live = await simulate(
        { population, checkpoints, collectors, last: checkpoints, clock, tally },
        seed,
        overlap,
      );
      const left = readdirSync(join(directory, "checkpoints", "checkpoints"));
      expect(left.toSorted()).toEqual([...live].toSorted());
      rmSync(directory, { recursive: true });
    }
    // With overlap the disk has a say in what happens, so that only the others count it.
    if (!overlap) expectVariety(tally);
  });
}

/**
 * As long as a collector takes to look at its clock twice, sometimes: so that the simulation meets
 * sweeps that came too late to free anything.
 */
const settleMs = 20;

/** Each file is forced to the disk, which takes time. */
const objectSeeds = Math.ceil(seeds / 8);

test(`nothing needed is collected, with unlocked objects (${objectSeeds} seeds)`, async () => {
  const tally = newTally();
  for (let seed = 0; seed < objectSeeds; seed++) {
    const clock = { time: 1_700_000_000_000 };
    const directory = join(root, `objects-${seed}`);
    const population = memoryPopulationStore({ now: () => clock.time });
    const cache = new LocalCache({ directory: join(directory, "cache"), maxBytes: 0 });
    const ticks = randomStream("ticks", seed);
    let time = 0;
    const now = () => (time += ticks.uniform() * 1.5 * settleMs);
    const open = (settleMs: number) =>
      objectCheckpointStore(
        sharedDirectoryStorage(join(directory, "shared"), { delayMs: 0 }),
        "run",
        cache,
        {
          settleMs,
          now,
        },
      );
    await using checkpoints = open(settleMs);
    await using one = open(settleMs);
    await using other = open(settleMs);
    await using last = open(0);
    const live = await simulate(
      { population, checkpoints, collectors: [one, other], last, clock, tally },
      seed,
      true,
    );
    const owners = new Set(readdirSync(join(directory, "shared", "run")));
    for (const id of live) expect(owners.has(id)).toBe(true);
    rmSync(directory, { recursive: true });
  }
  // The disk has a say here, too, which evens out over many seeds.
  if (isLong) expectVariety(tally, objectSeeds);
});

/** Resolves the checkpoints that a last collection left. */
async function simulate(
  stores: Omit<World, "random" | "contents" | "pins">,
  seed: number,
  overlap: boolean,
): Promise<ReadonlySet<CheckpointId>> {
  const random = randomStream("simulation", seed);
  const world: World = { ...stores, random, contents: new Map(), pins: new Map() };
  await world.population.createRun(
    {
      id: runId,
      seed,
      experiment: {
        synchronous: false,
        objective: { direction: "maximize" },
      } as ExperimentDescription,
    },
    roots(),
  );
  const scheduler = new Scheduler(randomStream("order", seed), { deaths: 0.01, overlap });
  for (let number = 0; number < 4; number++)
    scheduler.start((turn) => worker(world, number, turn));
  for (const checkpoints of world.collectors)
    scheduler.start((turn) => collector(world, checkpoints, turn));
  scheduler.start((turn) => pinner(world, turn));
  await scheduler.run().catch((error) => {
    throw new Error(`seed ${seed}, step ${scheduler.steps}: ${error.message}`, { cause: error });
  });
  expect(scheduler.steps).toBeGreaterThan(200);

  // Nobody is at work: what is left is what is needed, and no more. A reservation of the dead may
  // be of what was never saved.
  await world.population.releaseWorker(runId, "" as WorkerId);
  for (const { lease } of await world.population.members(runId)) {
    if (lease) await world.population.releaseWorker(runId, lease.worker);
  }
  // A pin that came too late, and was not taken back because the pinner died, stands for nothing.
  for (const name of pinNames)
    if (!world.pins.has(name)) await world.population.unpin(runId, name);
  let live: ReadonlySet<CheckpointId> = new Set();
  let free = async () => 0;
  const sweep = await world.last.beginSweep();
  await world.population.collect(runId, (ids) => {
    live = ids;
    free = sweep(ids);
  });
  await free();
  for (const checkpoint of live)
    expectContent(world, checkpoint, await world.checkpoints.load(checkpoint));
  for (const checkpoint of world.contents.keys()) {
    if (!live.has(checkpoint))
      await expect(world.checkpoints.load(checkpoint)).rejects.toThrow(CheckpointError);
  }
  return live;
}

function roots(): Snapshot[] {
  return Array.from({ length: members }, (_, member) => ({
    id: snapshotId(member, 0),
    member,
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    hyperparameters: {},
    metrics: {},
  }));
}

function newTally(): World["tally"] {
  return { collected: 0, kept: 0, lost: 0, died: 0, copied: 0, replaced: 0, pinned: 0 };
}

function expectVariety(tally: World["tally"], min = seeds): void {
  const { replaced, ...often } = tally;
  if (min === seeds) expect(replaced).toBeGreaterThan(0);
  for (const [what, times] of Object.entries(often))
    expect([what, times > min]).toEqual([what, true]);
}
