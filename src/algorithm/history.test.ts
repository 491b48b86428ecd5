import { expect, test } from "vitest";
import { RecentHistory, rememberedGenerations } from "./history.ts";
import { trained } from "./population-of.test-support.ts";
import { type Snapshot, snapshotId } from "./snapshot.ts";

/** A member's snapshots in order: one for each generation, with copies of a donor in between. */
function chain(member: number, copies: Readonly<Record<number, Snapshot>>, generations: number) {
  const snapshots: Snapshot[] = [];
  let parent = snapshotId(member, 0);
  for (let generation = 1; generation <= generations; generation++) {
    const donor = copies[generation - 1];
    if (donor) {
      const id = snapshotId(member, snapshots.length + 1);
      const copy = { ...donor, id, member, kind: "copied", parent: donor.id } as const;
      snapshots.push({ ...copy, generation: generation - 1 });
      parent = id;
    }
    const id = snapshotId(member, snapshots.length + 1);
    snapshots.push(trained(member, { id, parent, generation, score: 10 * generation + member }));
    parent = id;
  }
  return snapshots;
}

function historyOf(...snapshots: readonly Snapshot[]): RecentHistory {
  const history = new RecentHistory();
  for (const snapshot of snapshots) history.add(snapshot);
  return history;
}

const donors = chain(1, {}, 5);
const [copyOf2, copyOf4] = [donors[1]!, donors[3]!];
const recipients = chain(0, { 2: copyOf2, 4: copyOf4 }, 5);

test("a generation has what was trained in it, in the order of members", () => {
  const history = historyOf(...donors, ...recipients);
  const scores = history.trained(3).map(({ score }) => score);
  expect(scores).toEqual([30, 31]);
  expect(history.trained(9)).toEqual([]);
});

test("a copy is what its generation starts with, and has the score of its donor", () => {
  const history = historyOf(...recipients, ...donors);
  const starts = history.trained(3).map((snapshot) => history.startOf(snapshot)?.score);
  expect(starts).toEqual([copyOf2.score, 21]);
  expect(history.startOf(donors[0]!)).toBeUndefined();
});

test("generations are counted from the last copy before the snapshot", () => {
  const history = historyOf(...recipients, ...donors);
  const ages = recipients
    .filter(({ kind }) => kind === "trained")
    .map((snapshot) => history.generationsSinceCopy(snapshot));
  expect(ages).toEqual([1, 2, 1, 2, 1]);
  expect(history.generationsSinceCopy(donors.at(-1)!)).toBe(5);
});

test("what comes again changes nothing", () => {
  const history = historyOf(...recipients, ...recipients);
  expect(history.trained(3).length).toBe(1);
  expect(history.generationsSinceCopy(recipients.at(-1)!)).toBe(1);
});

test("no more than the last generations are remembered", () => {
  const long = chain(0, { 1: donors[0]! }, rememberedGenerations + 3);
  const history = historyOf(...donors, ...long);
  const last = long.at(-1)!;
  expect(history.generationsSinceCopy(last)).toBe(rememberedGenerations + 2);
  history.forgetBefore(last.generation);
  expect(history.trained(3)).toEqual([]);
  expect(history.trained(4).map(({ member }) => member)).toEqual([0, 1]);
  expect(history.startOf(history.trained(4)[0]!)).toBeUndefined();
  expect(history.generationsSinceCopy(last)).toBe(last.generation);
});
