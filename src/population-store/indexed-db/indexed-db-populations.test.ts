import "fake-indexeddb/auto";
import { populationStoreConformance } from "clade/testing";
import { openDB } from "idb";
import { expect, test } from "vitest";
import { indexedDbCheckpointStore } from "../../checkpoint-store/indexed-db/indexed-db-checkpoints.ts";
import {
  claim,
  description,
  newRunId,
  roots,
  trainedAfter,
} from "../../testing/population-store/scene.ts";
import { type PopulationStore, type RunId, StoreVersionError } from "../population-store.ts";
import { indexedDbPopulationStore } from "./indexed-db-populations.ts";

for (const { name, run } of populationStoreConformance(
  async ({ now }) => indexedDbPopulationStore("conformance", { now }),
  { shared: true },
))
  test(name, run);

async function runIn(store: PopulationStore): Promise<RunId> {
  const id = newRunId("run");
  await store.createRun({ id, seed: 1, experiment: description() }, roots(2));
  return id;
}

test("what cannot be written is not half written, and the claim still holds", async () => {
  await using store = indexedDbPopulationStore("not-written");
  await using other = indexedDbPopulationStore("not-written");
  const id = await runIn(store);
  const held = await claim(store, id);
  const snapshot = trainedAfter(held.newest);
  const unwritable = { ...snapshot, metrics: { accuracy: (() => 1) as unknown as number } };
  const publish = (trained: typeof snapshot) =>
    store.publish(held, { kind: "trained", snapshot: trained, mayBeBest: true });
  await expect(publish(unwritable)).rejects.toThrow(/could not be cloned/);

  for (const each of [store, other]) {
    expect((await each.run(id)).best).toBeUndefined();
    expect((await each.counts(id)).snapshots).toBe(2);
  }
  await publish(snapshot);
  expect((await other.run(id)).best).toBe(snapshot.id);
});

test("a run is read only where it is asked for, and its work goes on in its list", async () => {
  await using store = indexedDbPopulationStore("listed");
  await using other = indexedDbPopulationStore("listed");
  const id = await runIn(store);
  await claim(store, id);
  const [run] = await other.runs();
  expect(run).toEqual(await other.run(id));
  expect(run!.runningSince).toBeDefined();
});

test("two kinds of stores under one name are told apart", async () => {
  await using store = indexedDbPopulationStore("both");
  await store.runs();
  await using checkpoints = indexedDbCheckpointStore("run", "both");
  await expect(checkpoints.beginSweep()).rejects.toThrow(
    "database both: is of another kind; give each kind of store a name of its own",
  );
});

test("a page says so when a newer one has taken its database", async () => {
  await using store = indexedDbPopulationStore("taken");
  const id = await runIn(store);
  const newer = await openDB("taken", 2);
  await expect(store.run(id)).rejects.toThrow(
    new StoreVersionError("database taken: a newer page uses it; reload this page"),
  );
  await using late = indexedDbPopulationStore("taken");
  await expect(late.runs()).rejects.toThrow(
    new StoreVersionError("database taken: a newer page has upgraded it; reload this page"),
  );
  newer.close();
});
