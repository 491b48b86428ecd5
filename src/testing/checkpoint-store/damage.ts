import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore } from "../../checkpoint-store/checkpoint-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import { type Add, assertLoads, bytes, filesOf, idOf, noReserve, swept } from "./scene.ts";

/**
 * Changes one byte of a file of a checkpoint, or of the list of its files, where the store keeps
 * it.
 */
export type Damage<S> = (store: S, id: CheckpointId, name: string | undefined) => Promise<void>;

export function damageCases<S extends CheckpointStore>(add: Add<S>, damage: Damage<S>): void {
  for (const [what, name] of [
    ["a small file", "small"],
    ["a large file", "large"],
    ["the list of its files", undefined],
  ] as const) {
    add(`damage to ${what} is found, and the same content can be saved again`, async (store) => {
      const files = filesOf({ large: bytes(70_000, 1), small: bytes(100, 1) });
      const other = filesOf({ large: bytes(70_000, 2), small: bytes(100, 1) });
      const id = await store.save(files, noReserve);
      const otherId = await store.save(other, noReserve);
      await damage(store, id, name);
      for (let time = 0; time < 2; time++) {
        const error = await assertRejects(store.load(id), CheckpointError, "load");
        assertEqual(error.checkpoint, id, "the error's checkpoint");
      }
      await assertLoads(store, otherId, other);
      assertEqual(await store.save(files, noReserve), id, "id");
      await assertLoads(store, id, files);
      await damage(store, id, name);
      await assertRejects(store.load(id), CheckpointError, "load after more damage");
      await swept(store, new Set([id, otherId]));
      await assertLoads(store, otherId, other);
      await store.save(files, noReserve);
      await assertLoads(store, id, files);
    });
  }

  add("a live checkpoint that is damaged does not keep the dead from going", async (store) => {
    const damaged = await store.save(
      filesOf({ large: bytes(70_000, 1), small: bytes(9, 1) }),
      noReserve,
    );
    const dead = filesOf({ large: bytes(80_000, 2) });
    await store.save(dead, noReserve);
    await damage(store, damaged, "small");
    await assertRejects(store.load(damaged), CheckpointError, "load");
    assert((await swept(store, new Set([damaged]))) >= 1, "the dead went");
    await assertRejects(store.load(idOf(dead)), CheckpointError, "load of the dead");
  });
}
