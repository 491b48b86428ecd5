/**
 * Workers, pinners and collectors in random interleavings: collection never removes what a live
 * snapshot, a claim in progress or a pin refers to, and removes everything else.
 * CLADE_SIMULATION_SEEDS (8, or 24 in a long run) is the number of seeds for each kind of stores.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Random, randomStream } from "../../src/algorithm/random.ts";
import {
  type CheckpointFiles,
  type CheckpointId,
  ordinalOf,
  type Snapshot,
  snapshotId,
} from "../../src/algorithm/snapshot.ts";
import {
  CheckpointError,
  type CheckpointStore,
} from "../../src/checkpoint-store/checkpoint-store.ts";
import { filesystemCheckpointStore } from "../../src/checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import { memoryCheckpointStore } from "../../src/checkpoint-store/memory/memory-checkpoint-store.ts";
import { LocalCache } from "../../src/checkpoint-store/objects/local-cache.ts";
import { objectCheckpointStore } from "../../src/checkpoint-store/objects/object-checkpoint-store.ts";
import { sharedDirectoryStorage } from "../../src/checkpoint-store/shared-directory/shared-directory-storage.ts";
import type { ExperimentDescription } from "../../src/experiment/experiment.ts";
import { memoryPopulationStore } from "../../src/population-store/memory/memory-population-store.ts";
import {
  type Claim,
  LeaseLostError,
  type News,
  type PopulationStore,
  type RunId,
  type WorkerId,
} from "../../src/population-store/population-store.ts";
import { sqlitePopulationStore } from "../../src/population-store/sqlite/sqlite-population-store.ts";
import { figure, isLong } from "../long.ts";
import { Death, givingWay, Scheduler, type Turn } from "./scheduler.ts";

const seeds = Number(process.env.CLADE_SIMULATION_SEEDS ?? figure(5, 24));
const id = "simulation" as RunId;
const leaseMs = 1000;
const members = 5;
const pinNames = ["first", "second", "third"];

interface World {
  readonly population: PopulationStore;
  readonly checkpoints: CheckpointStore;
  /** What each collector has of them, as another process. */
  readonly collectors: readonly CheckpointStore[];
  /** Collects when nobody is at work any more. */
  readonly last: CheckpointStore;
  readonly clock: { time: number };
  readonly random: Random;
  /** What every checkpoint contains that was ever saved, or was about to be. */
  readonly contents: Map<CheckpointId, CheckpointFiles>;
  /** Pins that stood when their checkpoint was still there. */
  readonly pins: Map<string, CheckpointId>;
  /** How often each thing happened, to show that the simulation meets what it is about. */
  readonly tally: Record<
    "collected" | "kept" | "lost" | "died" | "copied" | "replaced" | "pinned",
    number
  >;
}

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
      id,
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
  await world.population.releaseWorker(id, "" as WorkerId);
  for (const { lease } of await world.population.members(id)) {
    if (lease) await world.population.releaseWorker(id, lease.worker);
  }
  // A pin that came too late, and was not taken back because the pinner died, stands for nothing.
  for (const name of pinNames) if (!world.pins.has(name)) await world.population.unpin(id, name);
  let live: ReadonlySet<CheckpointId> = new Set();
  let free = async () => 0;
  const sweep = await world.last.beginSweep();
  await world.population.collect(id, (ids) => {
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

/**
 * Does what a worker does with the two stores, but trains nothing. It is sometimes killed and
 * replaced.
 */
async function worker(world: World, number: number, turn: Turn): Promise<void> {
  const { random, tally } = world;
  const population = givingWay(world.population, turn);
  const checkpoints = givingWay(world.checkpoints, turn);
  const view = new Map<number, Snapshot>();
  let cursor: number | undefined;

  async function hold(claim: Claim, checkpoint: CheckpointId): Promise<void> {
    try {
      expectContent(world, checkpoint, await checkpoints.load(checkpoint));
    } catch (error) {
      if (error instanceof Death) throw error;
      // Only a worker that has lost its member may find it gone.
      await world.population.renewLease(claim, 1);
      throw error;
    }
  }

  /**
   * Saves a checkpoint with a large shared file. Half of the time others may have saved the same
   * checkpoint before.
   */
  async function save(claim: Claim, base: CheckpointId | undefined): Promise<CheckpointId> {
    const [large, alone] = [random.integer(4), random.integer(3)];
    const own = random.integer(random.uniform() < 0.5 ? 6 : 250);
    const files = new Map([
      ["own", new Uint8Array(10).fill(own)],
      ["shared", largeFile(large)],
      ...(alone === 0 ? [["second", largeFile(10 + (own % 20))] as const] : []),
    ]);
    const reserve = async (checkpoint: CheckpointId) => {
      world.contents.set(checkpoint, files);
      await population.reserveCheckpoint(claim, checkpoint);
    };
    return await checkpoints.save(files, reserve, base);
  }

  /**
   * The snapshot that the member continues from; undefined if the member has to be claimed again.
   */
  async function begin({ newest, ...claim }: Claim, news?: News): Promise<Snapshot | undefined> {
    if (cursor === undefined || !news) news = await population.present(id);
    cursor = undefined;
    for (const snapshot of news.snapshots) view.set(snapshot.member, snapshot);
    cursor = news.cursor;
    const donors = [...view.values()].filter(
      (other) => other.member !== claim.member && other.checkpoint,
    );
    if (donors.length === 0 || random.uniform() < 0.6) return newest;
    const from = copyOf(random.pick(donors), newest);
    // Meanwhile its donor may move on.
    if (random.uniform() < 0.1) for (let waits = 0; waits < 80; waits++) await turn();
    if (!(await population.begin({ ...claim, newest }, from))) {
      tally.replaced++;
      return undefined;
    }
    tally.copied++;
    return from;
  }

  async function advance(name: WorkerId): Promise<void> {
    const request = () => ({ leaseMs, warm: random.integer(members), since: cursor });
    let result = await population.claimMember(id, name, request());
    while (result.kind === "claimed") {
      const { claim, news } = result;
      const from = await begin(claim, news);
      if (!from) return await population.releaseMember(claim);
      if (from.checkpoint) await hold(claim, from.checkpoint);
      // A pause of this process, long enough that others may claim the member.
      if (random.uniform() < 0.1) world.clock.time += 2 * leaseMs;
      let checkpoint = await save(claim, from.checkpoint);
      if (random.uniform() < 0.1) checkpoint = await save(claim, from.checkpoint);
      if (random.uniform() < 0.05) return await population.releaseMember(claim);
      const next = random.uniform() < 0.3 ? request() : undefined;
      const publication = {
        kind: "trained",
        ...(from !== claim.newest && { from }),
        snapshot: trainedAfter(from, checkpoint),
        mayBeBest: random.uniform() < 0.1,
      } as const;
      const ahead = await population.publish(claim, publication, next);
      if (!ahead) return;
      result = ahead;
    }
  }

  for (let turns = 0; turns < 12; turns++) {
    try {
      await advance(`host:${number}:${turns}` as WorkerId);
    } catch (error) {
      cursor = undefined;
      if (error instanceof Death) tally.died++;
      else if (error instanceof LeaseLostError) tally.lost++;
      else throw error;
    }
  }
}

async function collector(world: World, checkpoints: CheckpointStore, turn: Turn): Promise<void> {
  const population = givingWay(world.population, turn);
  for (let turns = 0; turns < 15; turns++) {
    let free: (() => Promise<number>) | undefined;
    try {
      const sweep = await checkpoints.beginSweep();
      await turn();
      await population.collect(id, (live) => {
        free = sweep(live);
      });
      await expectIntact(world);
      await turn();
      world.tally.collected += (await free?.()) ?? 0;
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    }
  }
}

async function pinner(world: World, turn: Turn): Promise<void> {
  const { random, pins } = world;
  const population = givingWay(world.population, turn);
  for (let turns = 0; turns < 15; turns++) {
    const name = random.pick(pinNames);
    try {
      pins.delete(name);
      if (random.uniform() < 0.3) await population.unpin(id, name);
      const { checkpoint } = (await population.members(id))[random.integer(members)]!.newest;
      if (!checkpoint) continue;
      await population.pin(id, name, checkpoint);
      // It may have gone between the look and the pin. If it has not, it stays.
      const isThere = await world.checkpoints.load(checkpoint).then(
        () => true,
        () => false,
      );
      if (!isThere) continue;
      pins.set(name, checkpoint);
      world.tally.pinned++;
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    }
  }
}

/**
 * Every checkpoint that something refers to can be loaded. One that nothing refers to any more by
 * then does not count.
 */
async function expectIntact(world: World): Promise<void> {
  for (const checkpoint of await needed(world)) {
    try {
      expectContent(world, checkpoint, await world.checkpoints.load(checkpoint));
      world.tally.kept++;
    } catch (error) {
      if ((await needed(world)).has(checkpoint)) throw error;
    }
  }
}

async function needed({ population, pins }: World): Promise<ReadonlySet<CheckpointId>> {
  const checkpoints = new Set<CheckpointId | undefined>(pins.values());
  const { best } = await population.run(id);
  if (best) checkpoints.add((await population.snapshot(id, best)).checkpoint);
  for (const { member, newest, begun, lease } of await population.members(id)) {
    checkpoints.add(newest.checkpoint);
    if (lease) checkpoints.add(begun?.checkpoint);
    let trained = 0;
    for await (const { kind, checkpoint } of population.history(id, member)) {
      if (kind !== "trained") continue;
      checkpoints.add(checkpoint);
      if (++trained === 2) break;
    }
  }
  checkpoints.delete(undefined);
  return checkpoints as ReadonlySet<CheckpointId>;
}

function expectContent(
  { contents }: World,
  checkpoint: CheckpointId,
  loaded: CheckpointFiles,
): void {
  const saved = contents.get(checkpoint)!;
  const isEqual = [...saved].every(([name, bytes]) =>
    Buffer.from(loaded.get(name)!).equals(bytes),
  );
  if (!isEqual || loaded.size !== saved.size)
    throw new Error(`checkpoint ${checkpoint} has other content`);
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

function trainedAfter(newest: Snapshot, checkpoint: CheckpointId): Snapshot {
  const { donor, ...kept } = newest;
  return {
    ...kept,
    id: snapshotId(newest.member, ordinalOf(newest.id) + 1),
    kind: "trained",
    parent: newest.id,
    generation: newest.generation + 1,
    checkpoint,
  };
}

function copyOf(donor: Snapshot, recipient: Snapshot): Snapshot {
  return {
    ...donor,
    id: snapshotId(recipient.member, ordinalOf(recipient.id) + 1),
    member: recipient.member,
    kind: "copied",
    parent: donor.id,
    donor: donor.id,
    generation: recipient.generation,
  };
}

const largeFiles = new Map<number, Uint8Array>();

function largeFile(number: number): Uint8Array {
  const bytes = largeFiles.get(number) ?? new Uint8Array(66_000).fill(number);
  largeFiles.set(number, bytes);
  return bytes;
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
