/** Every promise of `checkpoint-store.ts`, as cases that run against any store. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { CladeError } from "../algorithm/clade-error.ts";
import type { CheckpointFiles, CheckpointId } from "../algorithm/snapshot.ts";
import {
  CheckpointError,
  type CheckpointStore,
  manifestText,
  type Reserve,
} from "../checkpoint-store/checkpoint-store.ts";
import { assert, assertEqual, assertRejects, type ConformanceCase } from "./assert.ts";

export interface CheckpointStoreOptions<S extends CheckpointStore> {
  /**
   * Changes one byte of a file of a checkpoint, or of the list of its files, where the store keeps
   * it. For stores that can be damaged.
   */
  readonly damage?: (store: S, id: CheckpointId, name: string | undefined) => Promise<void>;
}

/** `open` makes an empty store each time. */
export function checkpointStoreConformance<S extends CheckpointStore>(
  open: () => Promise<S>,
  { damage }: CheckpointStoreOptions<S> = {},
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (name: string, check: (store: S) => Promise<void>) =>
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

  if (!damage) return cases;

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

  return cases;
}

const noReserve: Reserve = async () => {};

async function swept(store: CheckpointStore, live: ReadonlySet<CheckpointId>): Promise<number> {
  return await (await store.beginSweep())(live)();
}

/** Reproducible bytes. */
function bytes(size: number, seed: number): Uint8Array {
  const result = new Uint8Array(size);
  let state = (seed + 1) * 2_654_435_761;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    result[index] = state >>> 24;
  }
  return result;
}

function filesOf(content: Record<string, Uint8Array | 0>): CheckpointFiles {
  return new Map(
    Object.entries(content).map(([name, value]) => [name, value || new Uint8Array()]),
  );
}

function idOf(files: CheckpointFiles): CheckpointId {
  const entries = Array.from(files, ([name, content]) => ({
    name,
    size: content.length,
    sha256: bytesToHex(sha256(content)),
  }));
  return bytesToHex(sha256(utf8ToBytes(manifestText(entries)))) as CheckpointId;
}

async function assertLoads(
  store: CheckpointStore,
  id: CheckpointId,
  files: CheckpointFiles,
): Promise<void> {
  const loaded = await store.load(id);
  assertEqual([...loaded.keys()].sort(), [...files.keys()].sort(), "names");
  for (const [name, content] of files) {
    const found = loaded.get(name)!;
    const isEqual =
      found.length === content.length && found.every((byte, index) => byte === content[index]);
    assert(isEqual, `the bytes of ${name} are those that were saved`);
  }
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
