import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore } from "../../checkpoint-store/checkpoint-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import { type Add, assertLoads, bytes, filesOf, idOf, noReserve, swept } from "./scene.ts";

export function reservationCases(add: Add<CheckpointStore>): void {
  add("a checkpoint is reserved once, under its id, before it is saved", async (store) => {
    for (const files of [
      filesOf({ a: bytes(10, 1) }),
      filesOf({ a: bytes(70_000, 1) }),
      filesOf({ a: bytes(70_000, 1) }),
    ]) {
      const reserved: CheckpointId[] = [];
      const id = await store.save(files, async (reservedId) => {
        reserved.push(reservedId);
      });
      assertEqual(reserved, [id], "reservations");
    }
  });

  add("a reservation that is refused ends the save with its error", async (store) => {
    class Refused extends Error {}
    const refuse = async () => {
      throw new Refused("the lease was lost");
    };
    const files = filesOf({ a: bytes(70_000, 1), b: bytes(3, 1) });
    await assertRejects(store.save(files, refuse), Refused, "save");
    await assertLoads(store, await store.save(files, noReserve), files);
  });

  add(
    "a sweep just before the reservation takes nothing away from the checkpoint",
    async (store) => {
      const files = filesOf({ large: bytes(70_000, 1), small: bytes(10, 1) });
      const before = await store.save(files, noReserve);
      const sharing = filesOf({ large: bytes(70_000, 1), other: bytes(10, 2) });
      for (const saved of [files, sharing]) {
        const id = await store.save(saved, async () => {
          await swept(store, new Set());
        });
        await assertLoads(store, id, saved);
      }
      await assertRejects(store.load(before), CheckpointError, "load of what was not reserved");
    },
  );

  add(
    "a sweep between the reservation and the end of the save takes nothing away",
    async (store) => {
      const old = filesOf({ large: bytes(70_000, 1), other: bytes(90_000, 4) });
      await store.save(old, noReserve);
      const files = filesOf({ large: bytes(70_000, 1), small: bytes(10, 1) });
      const id = await store.save(files, async (reserved) => {
        await swept(store, new Set([reserved]));
      });
      await assertLoads(store, id, files);
      await assertRejects(store.load(idOf(old)), CheckpointError, "load of the dead one");
    },
  );

  add("sweeps at any moment of a save keep what is reserved and live", async (store) => {
    const liveFiles = filesOf({ large: bytes(70_000, 1), small: bytes(4, 1) });
    const live = await store.save(liveFiles, noReserve);
    for (let turn = 0; turn < 20; turn++) {
      const files = filesOf({ large: bytes(70_000, turn % 3), own: bytes(66_000, 100 + turn) });
      const reserved = new Set([live]);
      let done = false;
      const saving = store
        .save(files, async (id) => {
          await pause();
          reserved.add(id);
        })
        .finally(() => {
          done = true;
        });
      while (!done) {
        const sweep = await store.beginSweep();
        await sweep(new Set(reserved))();
        await pause();
      }
      await assertLoads(store, await saving, files);
      await assertLoads(store, live, liveFiles);
    }
  });
}

export function sweepCases(add: Add<CheckpointStore>): void {
  add("a sweep removes exactly the dead", async (store) => {
    const shared = bytes(70_000, 1);
    const all = Array.from({ length: 6 }, (_, seed) =>
      filesOf({ shared, own: bytes(70_000, 10 + seed), small: bytes(20, seed) }),
    );
    const ids = await Promise.all(all.map((files) => store.save(files, noReserve)));
    const live = new Set([ids[1]!, ids[4]!]);
    assert((await swept(store, live)) > 0, "something went");
    for (const [index, id] of ids.entries()) {
      if (index === 1 || index === 4) await assertLoads(store, id, all[index]!);
      else await assertRejects(store.load(id), CheckpointError, `load of dead ${index}`);
    }
    assertEqual(await swept(store, live), 0, "what another sweep removes");
    await swept(store, new Set());
    for (const id of ids) await assertRejects(store.load(id), CheckpointError, "load of the last");
  });

  add("what was saved again after a sweep is not freed by it", async (store) => {
    const files = filesOf({ large: bytes(70_000, 1), small: bytes(10, 1) });
    await store.save(files, noReserve);
    const free = (await store.beginSweep())(new Set());
    const id = await store.save(files, noReserve);
    await free();
    await assertLoads(store, id, files);
  });

  add("what was saved after the look is not taken by the sweep", async (store) => {
    const sweep = await store.beginSweep();
    const files = filesOf({ large: bytes(70_000, 1), small: bytes(10, 1) });
    const id = await store.save(files, noReserve);
    await sweep(new Set([id]))();
    await assertLoads(store, id, files);
  });

  add("files of the base may be referred to, and outlive it", async (store) => {
    const shared = bytes(200_000, 1);
    let base: CheckpointId | undefined;
    for (let turn = 0; turn < 4; turn++) {
      const files = filesOf({
        shared,
        own: bytes(70_000, turn),
        [`small${turn}`]: bytes(9, turn),
      });
      const id = await store.save(files, noReserve, base);
      await swept(store, new Set([id]));
      await assertLoads(store, id, files);
      base = id;
    }
  });

  add("a base that is missing costs nothing but space", async (store) => {
    const missing = idOf(filesOf({ shared: bytes(200_000, 1) }));
    const files = filesOf({ shared: bytes(200_000, 1), own: bytes(10, 1) });
    await assertLoads(store, await store.save(files, noReserve, missing), files);
  });

  add("a live checkpoint that was never saved does not disturb a sweep", async (store) => {
    const files = filesOf({ large: bytes(70_000, 1) });
    const id = await store.save(files, noReserve);
    await store.save(filesOf({ small: bytes(10, 1) }), noReserve);
    const never = idOf(filesOf({ never: bytes(1, 1) }));
    await swept(store, new Set([id, never]));
    await assertLoads(store, id, files);
  });
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
