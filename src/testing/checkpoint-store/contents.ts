import { CladeError } from "../../algorithm/clade-error.ts";
import { CheckpointError, type CheckpointStore } from "../../checkpoint-store/checkpoint-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import { type Add, assertLoads, bytes, filesOf, idOf, noReserve, swept } from "./scene.ts";

export function contentCases(add: Add<CheckpointStore>): void {
  add("what is loaded equals what was saved", async (store) => {
    const files = filesOf({
      "model.bin": bytes(300, 1),
      "a/b/optimiser-state_1.npy": bytes(10, 2),
      empty: 0,
    });
    const id = await store.save(files, noReserve);
    await assertLoads(store, id, files);
    await assertLoads(store, id, files);
  });

  add("small and large files of every size around the bounds come back", async (store) => {
    const sizes = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 1_000_003];
    for (const size of sizes) {
      const files = filesOf({ weights: bytes(size, size) });
      await assertLoads(store, await store.save(files, noReserve), files);
    }
    const together = filesOf(
      Object.fromEntries(sizes.map((size) => [`f${size}`, bytes(size, size)])),
    );
    await assertLoads(store, await store.save(together, noReserve), together);
  });

  add("an empty checkpoint can be saved and loaded", async (store) => {
    const id = await store.save(new Map(), noReserve);
    await assertLoads(store, id, new Map());
    await swept(store, new Set([id]));
    await assertLoads(store, id, new Map());
  });

  add("a view of part of a buffer is saved as that part", async (store) => {
    const whole = bytes(200_000, 3);
    const files = filesOf({ small: whole.subarray(5, 25), large: whole.subarray(100, 100_100) });
    await assertLoads(store, await store.save(files, noReserve), files);
  });

  add("the id is the SHA-256 of the manifest, in every store", async (store) => {
    const files = filesOf({ b: bytes(5, 1), a: bytes(70_000, 2), B: bytes(0, 0) });
    assertEqual(await store.save(files, noReserve), idOf(files), "id");
  });

  add(
    "the same content has the same id, and other content, names or sizes another",
    async (store) => {
      const one = { a: bytes(10, 1), b: bytes(70_000, 2) };
      const id = await store.save(filesOf(one), noReserve);
      assertEqual(
        await store.save(filesOf({ b: one.b, a: one.a }), noReserve),
        id,
        "id in another order",
      );
      const others: Record<string, Uint8Array | 0>[] = [
        { a: bytes(10, 9), b: one.b },
        { a: one.a, b: bytes(70_000, 9) },
        { a: one.a, c: one.b },
        { a: one.a },
        { ...one, c: 0 },
      ];
      const ids = await Promise.all(others.map((files) => store.save(filesOf(files), noReserve)));
      assertEqual(new Set([id, ...ids]).size, 6, "different ids");
      await assertLoads(store, id, filesOf(one));
      for (const [index, files] of others.entries())
        await assertLoads(store, ids[index]!, filesOf(files));
    },
  );

  add("saves at the same time do not disturb each other", async (store) => {
    const shared = bytes(100_000, 1);
    const same = filesOf({ shared, small: bytes(9, 2) });
    const different = [3, 4, 5, 6].map((seed) => filesOf({ shared, own: bytes(80_000, seed) }));
    const all = [same, ...different, same, same];
    const ids = await Promise.all(all.map((files) => store.save(files, noReserve)));
    for (const [index, files] of all.entries()) await assertLoads(store, ids[index]!, files);
    assertEqual(ids[0], ids.at(-1), "the id of the same content");
  });
}

export function refusalCases(add: Add<CheckpointStore>): void {
  add("a checkpoint that is not there is an error that names it", async (store) => {
    const missing = idOf(filesOf({ a: bytes(1, 1) }));
    const error = await assertRejects(store.load(missing), CheckpointError, "load");
    assertEqual(error.checkpoint, missing, "the error's checkpoint");
    assert(error.message.includes(missing.slice(0, 12)), "the message names the checkpoint");
  });

  add("names that could leave the checkpoint or its list are refused", async (store) => {
    const names = [
      "",
      ".",
      "..",
      "../a",
      "/a",
      "a/",
      "a//b",
      "a/../b",
      "a/./b",
      ".a",
      "a b",
      "a\nb",
      "a\\b",
      "ä",
    ];
    for (const name of names) {
      const files = new Map([
        ["good", bytes(1, 1)],
        [name, bytes(1, 1)],
      ]);
      const error = await assertRejects(
        store.save(files, noReserve),
        CladeError,
        JSON.stringify(name),
      );
      assert(error.message.includes(JSON.stringify(name)), "the message names the file");
    }
  });

  add("removing removes everything", async (store) => {
    const ids = [10, 70_000].map((size) => store.save(filesOf({ a: bytes(size, 1) }), noReserve));
    const saved = await Promise.all(ids);
    await store.remove();
    for (const id of saved) await assertRejects(store.load(id), CheckpointError, "load");
    await store.remove();
  });
}
