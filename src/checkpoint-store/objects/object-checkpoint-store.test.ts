import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CheckpointError, type CheckpointId } from "clade";
import { checkpointStoreConformance } from "clade/testing";
import { checkpointDirectoriesConformance } from "clade/testing/node";
import { describe, expect, test } from "vitest";
import { sharedDirectoryStorage } from "../shared-directory/shared-directory-storage.ts";
import {
  bytes,
  expectSame,
  flip,
  newMachines,
  noReserve,
  run,
  sizesBelow,
} from "./machines.test-support.ts";
import { type ObjectCheckpointStore, objectCheckpointStore } from "./object-checkpoint-store.ts";
import type { ObjectStorage } from "./object-storage.ts";

const { newDirectory, newCache, machine } = newMachines();

for (const [how, maxBytes] of [
  ["without a cache", 0],
  ["with a cache", 1e9],
] as const) {
  describe(`conformance ${how}`, () => {
    const places = new WeakMap<ObjectCheckpointStore, string>();
    const open = async () => {
      const directory = newDirectory();
      const { store } = machine(directory, { maxBytes });
      places.set(store, directory);
      return store;
    };
    /** Every save of it is damaged, since one that is whole would do. */
    const damage = async (
      store: ObjectCheckpointStore,
      id: CheckpointId,
      name: string | undefined,
    ) => {
      const folder = join(places.get(store)!, run, id);
      for (const file of readdirSync(folder)) {
        const path = join(folder, file);
        if (name?.startsWith("large")) {
          const large = /^(\w+) \d+ large(\.bin)?$/m.exec(manifestIn(folder))![1]!;
          if (file.endsWith(large)) flip(path, -1);
        } else if (file.endsWith(".checkpoint")) {
          flip(path, name ? -1 : readFileSync(path).indexOf(" 70000 "));
        }
      }
    };
    const options = maxBytes === 0 ? { damage } : {};
    for (const { name, run: check } of checkpointStoreConformance(open, options))
      test(name, check);
    const cases = checkpointDirectoriesConformance(open, damage);
    // What the cache has is whole, and nobody looks further.
    const shown = maxBytes === 0 ? cases : cases.filter(({ name }) => !name.startsWith("damage"));
    for (const { name, run: check } of shown) test(name, check);
  });
}

function manifestIn(folder: string): string {
  const name = readdirSync(folder).find((file) => file.endsWith(".checkpoint"))!;
  return readFileSync(join(folder, name), "latin1");
}

test("one machine's checkpoint is restored on another, then without reading a byte", async () => {
  const shared = newDirectory();
  const [one, other] = [machine(shared), machine(shared)];
  const files = new Map([
    ["weights", bytes(200_000, 1)],
    ["small", bytes(10, 2)],
  ]);
  const id = await one.store.save(files, noReserve);
  expectSame(await other.store.load(id), files);
  {
    await using opened = await other.store.directories.open(id);
    expect(readFileSync(join(opened.path, "weights")).equals(files.get("weights")!)).toBe(true);
  }
  const before = other.reads.length;
  await using opened = await other.store.directories.open(id);
  expect(readdirSync(opened.path).toSorted()).toEqual(["small", "weights"]);
  expect(other.reads.length).toBe(before);
});

test("what this machine saved from a directory is in its cache", async () => {
  const { store, reads } = machine(newDirectory());
  const directory = await store.directories.create();
  writeFileSync(join(directory.path, "weights"), bytes(200_000, 1));
  const id = await store.directories.save(directory.path, noReserve);
  await using opened = await store.directories.open(id);
  expect(statSync(join(opened.path, "weights")).size).toBe(200_000);
  expect(reads).toEqual([]);
});

test("a file unchanged since the base is stored once, and outlives the base", async () => {
  const shared = newDirectory();
  const { store } = machine(shared);
  const backbone = bytes(1_000_000, 1);
  let base: CheckpointId | undefined;
  const ids: CheckpointId[] = [];
  for (let generation = 0; generation < 5; generation++) {
    base = await store.save(
      new Map([
        ["backbone", backbone],
        ["head", bytes(70_000, generation)],
      ]),
      noReserve,
      base,
    );
    ids.push(base);
  }
  const sizes = () => sizesBelow(shared).filter((size) => size === 1_000_000).length;
  expect(sizes()).toBe(1);
  const other = machine(shared);
  await (await other.store.beginSweep())(new Set([ids[4]!]))();
  expect(sizes()).toBe(1);
  expect((await machine(shared).store.load(ids[4]!)).get("backbone")).toEqual(backbone);
  expect(readdirSync(join(shared, run)).toSorted()).toEqual([ids[0]!, ids[4]!].toSorted());
});

test("a sweep waits until a dead checkpoint has been dead for a while, unless quiet", async () => {
  const shared = newDirectory();
  let time = 0;
  const { store } = machine(shared, { settleMs: 300, now: () => time });
  const save = (value: number) =>
    store.save(new Map([["weights", bytes(70_000, value)]]), noReserve);
  const [live, dead] = [await save(1), await save(2)];
  const sweep = async (isQuiet = false) =>
    await (await store.beginSweep({ isQuiet }))(new Set([live]))();
  expect(await sweep()).toBe(0);
  expect(await sweep()).toBe(0);
  time += 350;
  expect(await sweep()).toBe(2);
  await expect(store.load(dead)).rejects.toThrow(CheckpointError);
  await save(3);
  expect(await sweep()).toBe(0);
  expect(await sweep(true)).toBe(2);
  expect((await store.load(live)).size).toBe(1);
});

test("what a killed worker left half-written goes with the next sweep", async () => {
  const shared = newDirectory();
  const { store } = machine(shared);
  const id = await store.save(new Map([["weights", bytes(70_000, 1)]]), noReserve);
  const folder = join(shared, run, "f".repeat(64));
  mkdirSync(folder);
  writeFileSync(join(folder, "nonce-abc~5f3c2e52-1d2a-4a1e-9d1f-0123456789ab"), "half of");
  await (await store.beginSweep())(new Set([id]))();
  expect(readdirSync(join(shared, run))).toEqual([id]);
});

test("only what a killed worker left under a live id goes when the run has ended", async () => {
  const shared = newDirectory();
  const { store } = machine(shared);
  const files = new Map([["weights", bytes(70_000, 1)]]);
  const id = await store.save(files, noReserve);
  const folder = join(shared, run, id);
  const kept = readdirSync(folder);
  const end = "~5f3c2e52-1d2a-4a1e-9d1f-0123456789ab";
  writeFileSync(join(folder, `nonce-${"a".repeat(64)}`), "of a save without its list of files");
  writeFileSync(join(folder, `nonce-${"b".repeat(64)}${end}`), "half of");
  await (await store.beginSweep())(new Set([id]))();
  expect(readdirSync(folder)).toHaveLength(4);
  await (await store.beginSweep({ isQuiet: true }))(new Set([id]))();
  expect(readdirSync(folder).toSorted()).toEqual(kept.toSorted());
  expectSame(await machine(shared).store.load(id), files);

  // Where a list of files cannot be read, its files are not known, and all stay.
  writeFileSync(join(folder, `nonce.checkpoint${end}`), "half of");
  writeFileSync(join(folder, `nonce-${"a".repeat(64)}`), "of that save");
  await (await store.beginSweep({ isQuiet: true }))(new Set([id]))();
  expect(readdirSync(folder)).toContain(`nonce-${"a".repeat(64)}`);
});

test("what a killed process was writing into the cache goes with the next sweep", async () => {
  const { store, cache } = machine(newDirectory());
  await using living = await store.directories.create();
  const pid = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
  mkdirSync(living.path.replace(`,${process.pid},`, `,${pid},`));
  await (await store.beginSweep())(new Set())();
  const incoming = join(cache.directory, "incoming");
  expect(readdirSync(incoming).map((name) => join(incoming, name))).toEqual([living.path]);
});

test("a half-written save under the same id does not hide one that is whole", async () => {
  const shared = newDirectory();
  const { store } = machine(shared, { maxBytes: 0 });
  const files = new Map([["weights", bytes(70_000, 1)]]);
  const id = await store.save(files, noReserve);
  const [file, manifest] = readdirSync(join(shared, run, id)).toSorted((a) =>
    a.endsWith(".checkpoint") ? 1 : -1,
  );
  rmSync(join(shared, run, id, file!));
  await expect(store.load(id)).rejects.toThrow("weights is missing");
  await store.save(files, noReserve);
  expect(existsSync(join(shared, run, id, manifest!))).toBe(true);
  expectSame(await store.load(id), files);
});

test("a save that came too late, after its base was gone, is not a base for others", async () => {
  const shared = newDirectory();
  const { store } = machine(shared);
  const files = (generation: number) =>
    new Map([
      ["backbone", bytes(1_000_000, 1)],
      ["head", bytes(70_000, generation)],
    ]);
  const base = await store.save(files(0), noReserve);
  const goesOn = Promise.withResolvers<void>();
  const isFrozen = Promise.withResolvers<void>();
  const storage = sharedDirectoryStorage(shared, { delayMs: 0 });
  const freezing: ObjectStorage = {
    ...storage,
    async put(key, source) {
      if (key.endsWith(".checkpoint")) {
        isFrozen.resolve();
        await goesOn.promise;
      }
      await storage.put(key, source);
    },
  };
  const frozen = objectCheckpointStore(freezing, run, newCache(0), { settleMs: 0 });
  const late = frozen.save(files(1), noReserve, base);
  await isFrozen.promise;
  const published = await store.save(files(1), noReserve);
  await (await store.beginSweep())(new Set([published]))();
  goesOn.resolve();
  expect(await late).toBe(published);
  for (const next of [frozen, machine(shared, { maxBytes: 0 }).store]) {
    expectSame(await next.load(published), files(1));
    const after = await next.save(files(2), noReserve, published);
    expectSame(await machine(shared).store.load(after), files(2));
  }
});

test("where the sign of a run is gone, too, a checkpoint is not taken for missing", async () => {
  const shared = newDirectory();
  const { store } = machine(shared, { maxBytes: 0 });
  await store.sign();
  const id = await store.save(new Map([["weights", bytes(70_000, 1)]]), noReserve);
  renameSync(shared, `${shared}-unmounted`);
  mkdirSync(shared);
  const refusal = await store.load(id).catch((error: Error) => error);
  expect(refusal).not.toBeInstanceOf(CheckpointError);
  expect((refusal as Error).message).toContain(
    `the files of run ${run} are gone; mount or restore it`,
  );
});

test("a run's sign is seen by those who see its checkpoints, and survives sweeps", async () => {
  const shared = newDirectory();
  const { store } = machine(shared);
  expect(await store.isSigned()).toBe(false);
  await store.sign();
  await (await store.beginSweep())(new Set())();
  expect(await machine(shared).store.isSigned()).toBe(true);
  expect(await machine(newDirectory()).store.isSigned()).toBe(false);
  await (await store.beginSweep({ isQuiet: true }))(new Set())();
  expect(await machine(shared).store.isSigned()).toBe(true);
});

test("an exported model may be changed, and the cache keeps what it has", async () => {
  const { store } = machine(newDirectory());
  const files = new Map([["weights", bytes(100_000, 1)]]);
  const id = await store.save(files, noReserve);
  const target = newDirectory();
  await store.exportTo(id, target);
  writeFileSync(join(target, "weights"), "changed");
  await store.directories.verify(id);
  expectSame(await store.load(id), files);
});
