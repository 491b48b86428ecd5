import { expect } from "vitest";
import { description, roots, worker } from "../testing/population-store/scene.ts";
import { DamagedRowError, type PopulationStore, type RunId } from "./population-store.ts";

/** A run of which a column was damaged beside a healthy one: the other is read, and it can be stopped and removed. */
export async function expectDamageToCostOnlyItsRun(
  store: PopulationStore,
  damage: (statement: string) => Promise<void>,
): Promise<void> {
  const [healthy, damaged] = ["healthy-1", "damaged-1"] as RunId[] as [RunId, RunId];
  const place = { checkpoints: "s3://bucket/here" };
  await store.createRun({ id: damaged, seed: 1, experiment: description(), ...place }, roots(2));
  await store.createRun({ id: healthy, seed: 1, experiment: description() }, roots(2));
  await damage("UPDATE runs SET experiment = '{' WHERE id = 'damaged-1'");
  const why = "run damaged-1: its experiment in the store cannot be read: ";
  await expect(store.run(damaged)).rejects.toThrow(why);
  expect((await store.runs()).map(({ id }) => id)).toEqual([healthy]);
  const found = { id: damaged, state: { kind: "running" }, ...place, why: expect.stringContaining(why) };
  expect(await store.damagedRuns()).toMatchObject([found]);
  await store.stop(damaged);
  expect(await store.damagedRuns()).toMatchObject([{ id: damaged, state: { kind: "stopped" } }]);
  await store.removeRun(damaged);
  expect(await store.damagedRuns()).toEqual([]);
  expect((await store.runs()).map(({ id }) => id)).toEqual([healthy]);

  await damage("UPDATE snapshots SET hyperparameters = '{' WHERE member = 0");
  const claiming = store.claimMember(healthy, worker(1), 60_000);
  await expect(claiming).rejects.toThrow("snapshot 0.0: its hyperparameters in the store cannot be read");
  await expect(claiming).rejects.toThrow(DamagedRowError);
}
