/** What workers, collectors and pinners do with the stores of a run, and what they need. */
import type { Random } from "../../src/algorithm/random.ts";
import {
  type CheckpointFiles,
  type CheckpointId,
  ordinalOf,
  type Snapshot,
  snapshotId,
} from "../../src/algorithm/snapshot.ts";
import type { CheckpointStore } from "../../src/checkpoint-store/checkpoint-store.ts";
import {
  type Claim,
  LeaseLostError,
  type News,
  type PopulationStore,
  type RunId,
  type WorkerId,
} from "../../src/population-store/population-store.ts";
import { Death, givingWay, type Turn } from "./scheduler.ts";

export const runId = "simulation" as RunId;
const leaseMs = 1000;
export const members = 5;
export const pinNames = ["first", "second", "third"];

export interface World {
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

/**
 * Does what a worker does with the two stores, but trains nothing. It is sometimes killed and
 * replaced.
 */
export async function worker(world: World, number: number, turn: Turn): Promise<void> {
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
    if (cursor === undefined || !news) news = await population.present(runId);
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
    let result = await population.claimMember(runId, name, request());
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

export async function collector(
  world: World,
  checkpoints: CheckpointStore,
  turn: Turn,
): Promise<void> {
  const population = givingWay(world.population, turn);
  for (let turns = 0; turns < 15; turns++) {
    let free: (() => Promise<number>) | undefined;
    try {
      const sweep = await checkpoints.beginSweep();
      await turn();
      await population.collect(runId, (live) => {
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

export async function pinner(world: World, turn: Turn): Promise<void> {
  const { random, pins } = world;
  const population = givingWay(world.population, turn);
  for (let turns = 0; turns < 15; turns++) {
    const name = random.pick(pinNames);
    try {
      pins.delete(name);
      if (random.uniform() < 0.3) await population.unpin(runId, name);
      const { checkpoint } = (await population.members(runId))[random.integer(members)]!.newest;
      if (!checkpoint) continue;
      await population.pin(runId, name, checkpoint);
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
  const { best } = await population.run(runId);
  if (best) checkpoints.add((await population.snapshot(runId, best)).checkpoint);
  for (const { member, newest, begun, lease } of await population.members(runId)) {
    checkpoints.add(newest.checkpoint);
    if (lease) checkpoints.add(begun?.checkpoint);
    let trained = 0;
    for await (const { kind, checkpoint } of population.history(runId, member)) {
      if (kind !== "trained") continue;
      checkpoints.add(checkpoint);
      if (++trained === 2) break;
    }
  }
  checkpoints.delete(undefined);
  return checkpoints as ReadonlySet<CheckpointId>;
}

export function expectContent(
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
