/** Every promise of `checkpoint-store.ts`, as cases that run against any store. */
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import type { ConformanceCase } from "./assert.ts";
import { contentCases, refusalCases } from "./checkpoint-store/contents.ts";
import { type Damage, damageCases } from "./checkpoint-store/damage.ts";
import type { Add } from "./checkpoint-store/scene.ts";
import { reservationCases, sweepCases } from "./checkpoint-store/sweeps.ts";

/** What the suite may do to a store. */
export interface CheckpointStoreOptions<S extends CheckpointStore> {
  /**
   * Changes one byte of a file of a checkpoint, or of the list of its files, where the store keeps
   * it. For stores that can be damaged.
   */
  readonly damage?: Damage<S>;
}

/** What every checkpoint store promises. `open` makes an empty store each time. */
export function checkpointStoreConformance<S extends CheckpointStore>(
  open: () => Promise<S>,
  { damage }: CheckpointStoreOptions<S> = {},
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add: Add<S> = (name, check) =>
    cases.push({
      name,
      run: async () => {
        await using store = await open();
        try {
          await check(store);
        } finally {
          await store.remove();
        }
      },
    });
  for (const addCases of [contentCases, reservationCases, sweepCases, refusalCases]) addCases(add);
  if (damage) damageCases(add, damage);
  return cases;
}
