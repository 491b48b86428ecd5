/**
 * Checks the tree of snapshots, and the checkpoints that it refers to, for anything lost, repeated
 * or torn.
 */
import { expect } from "vitest";
import {
  type CheckpointId,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
} from "../../src/algorithm/snapshot.ts";
import type { CheckpointStore } from "../../src/checkpoint-store/checkpoint-store.ts";
import {
  beginning,
  type PopulationStore,
  type PublishedSnapshot,
  type RunId,
} from "../../src/population-store/population-store.ts";
import { walkIn } from "./walk.ts";
import { stepsPerGeneration } from "./walk-experiment.ts";

/**
 * Expects that a run has ended by itself and every member has spent its budget. `maxFailures` is
 * the number of faults in trainers.
 */
export async function expectSound(
  store: PopulationStore,
  checkpoints: CheckpointStore,
  id: RunId,
  stepsPerMember: number,
  maxFailures = 0,
): Promise<void> {
  const { snapshots, failures } = await store.changes(id, beginning, 1_000_000);
  if (failures.length > maxFailures) expect(failures.slice(0, 10)).toEqual([]);
  const tree = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  expect(tree.size).toBe(snapshots.length);
  const members = await store.members(id);
  for (const { member, state, newest } of members) {
    const chain = snapshots.filter((snapshot) => snapshot.member === member);
    expectUnbroken(chain, tree);
    expect([state, newest.memberSteps, newest.id]).toEqual([
      "finished",
      stepsPerMember,
      chain.at(-1)!.id,
    ]);
  }
  expect((await store.run(id)).state.kind).toBe("done");
  expect((await store.counts(id)).snapshots).toBe(snapshots.length);

  let live: ReadonlySet<CheckpointId> = new Set();
  let free = async () => 0;
  const sweep = await checkpoints.beginSweep({ isQuiet: true });
  await store.collect(id, (ids) => {
    live = ids;
    free = sweep(ids);
  });
  await free();
  expect(live.size).toBeGreaterThan(0);
  const alive = snapshots.filter(
    ({ checkpoint }) => checkpoint !== undefined && live.has(checkpoint),
  );
  for (const { checkpoint, step, kind, metrics } of alive) {
    const walk = walkIn(await checkpoints.load(checkpoint!));
    expect(walk.step).toBe(step);
    if (kind === "trained") expect(walk.position).toBe(metrics.position);
  }
}

/**
 * One member's snapshots, in the order of their publication: no holes, no generation twice, and
 * steps that add up.
 */
function expectUnbroken(
  chain: readonly PublishedSnapshot[],
  tree: ReadonlyMap<SnapshotId, Snapshot>,
): void {
  const generations = new Set<number>();
  for (const [index, snapshot] of chain.entries()) {
    const { id, kind, generation, step, memberSteps } = snapshot;
    expect(ordinalOf(id)).toBe(index);
    if (index === 0) {
      expect([kind, generation, step, memberSteps]).toEqual(["initial", 0, 0, 0]);
      continue;
    }
    const before = chain[index - 1]!;
    const parent = tree.get(snapshot.parent!)!;
    expect(parent).toBeDefined();
    if (kind === "trained") {
      expect(generations.has(generation)).toBe(false);
      generations.add(generation);
      const steps = memberSteps - before.memberSteps;
      expect([parent.id, generation, step, steps]).toEqual([
        before.id,
        before.generation + 1,
        parent.step + steps,
        stepsPerGeneration,
      ]);
    } else {
      expect(kind).toBe("copied");
      expect([snapshot.checkpoint, step]).toEqual([parent.checkpoint, parent.step]);
      // A copy of a member that is far ahead goes on in that one's generation.
      const isFarAhead = parent.generation > before.generation + 1;
      const expected = isFarAhead ? parent.generation : before.generation;
      expect([generation, memberSteps]).toEqual([expected, before.memberSteps]);
    }
  }
}
