import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError, type CheckpointFiles, type CheckpointId, CladeError } from "clade";
import { checkpointDirectoriesConformance, checkpointStoreConformance } from "clade/testing";
import { afterAll, describe, expect, test } from "vitest";
import { sharedDirectoryStorage } from "../shared-directory/shared-directory-storage.ts";
import { cacheOptions, LocalCache } from "./local-cache.ts";
import { type ObjectCheckpointStore, objectCheckpointStore } from "./object-checkpoint-store.ts";
import type { ObjectStorage } from "./object-storage.ts";

const root = mkdtempSync(join(tmpdir(), "clade-objects-"));
const mounts: string[] = [];
afterAll(() => {
  for (const mount of mounts) execFileSync("umount", ["-l", mount]);
  rmSync(root, { recursive: true });
});

const run = "run-1";
let directories = 0;
const newDirectory = () => join(root, `${directories++}`);
const noReserve = async () => {};
const bytes = (size: number, value: number) => new Uint8Array(size).fill(value);
const newCache = (maxBytes?: number) =>
  new LocalCache({ directory: newDirectory(), ...(maxBytes !== undefined && { maxBytes }) });
const keptIn = (cache: LocalCache) => readdirSync(join(cache.directory, "kept"));

interface Machine {
  readonly store: ObjectCheckpointStore;
  readonly cache: LocalCache;
  /** The keys that were read from the storage. */
  readonly reads: string[];
}

/** A machine of its own beside others that see the same directory. */
function machine(
  shared: string,
  { maxBytes, settleMs = 0 }: { maxBytes?: number; settleMs?: number } = {},
): Machine {
  const cache = newCache(maxBytes);
  const reads: string[] = [];
  const storage = sharedDirectoryStorage(shared, { delayMs: 0 });
  const counted: ObjectStorage = {
    ...storage,
    read: (key, size) => {
      reads.push(key);
      return storage.read(key, size);
    },
    download: (key, path, size) => {
      reads.push(key);
      return storage.download(key, path, size);
    },
  };
  return { store: objectCheckpointStore(counted, run, cache, { settleMs }), cache, reads };
}

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

function flip(path: string, at: number): void {
  const content = readFileSync(path);
  content[(at + content.length) % content.length]! += 1;
  chmodSync(path, 0o644);
  writeFileSync(path, content);
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

function expectSame(found: CheckpointFiles, files: CheckpointFiles): void {
  expect([...found.keys()].toSorted()).toEqual([...files.keys()].toSorted());
  for (const [name, content] of files)
    expect(Buffer.from(found.get(name)!).equals(content)).toBe(true);
}

function sizesBelow(directory: string): number[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}

test("a sweep waits until a dead checkpoint has been dead for a while, unless quiet", async () => {
  const shared = newDirectory();
  const { store } = machine(shared, { settleMs: 300 });
  const save = (value: number) =>
    store.save(new Map([["weights", bytes(70_000, value)]]), noReserve);
  const [live, dead] = [await save(1), await save(2)];
  const sweep = async (isQuiet = false) =>
    await (await store.beginSweep({ isQuiet }))(new Set([live]))();
  expect(await sweep()).toBe(0);
  expect(await sweep()).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 350));
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

describe("the cache", () => {
  test("keeps no more than it may, and what was used last", async () => {
    const shared = newDirectory();
    const { store, cache } = machine(shared, { maxBytes: 1_000_000 });
    for (let value = 0; value < 30; value++) {
      const directory = await store.directories.create();
      writeFileSync(join(directory.path, "weights"), bytes(100_000, value));
      await store.directories.save(directory.path, noReserve);
    }
    const kept = sizesBelow(join(cache.directory, "kept")).reduce((sum, size) => sum + size, 0);
    expect(kept).toBeLessThanOrEqual(1_100_000);
    expect(kept).toBeGreaterThan(700_000);
    await store[Symbol.asyncDispose]();
    expect(readdirSync(join(cache.directory, "incoming"))).toEqual([]);
  });

  test("that is damaged is found out and filled again", async () => {
    const shared = newDirectory();
    const { store, cache, reads } = machine(shared);
    const files = new Map([["weights", bytes(100_000, 1)]]);
    const id = await store.save(files, noReserve);
    await using _ = await store.directories.open(id);
    const damageKept = () => {
      for (const name of keptIn(cache)) flip(join(cache.directory, "kept", name), -1);
    };
    damageKept();
    expectSame(await store.load(id), files);
    await using __ = await store.directories.open(id);
    damageKept();
    const before = reads.length;
    await store.directories.verify(id);
    expect(reads.length).toBeGreaterThan(before);
    await using again = await store.directories.open(id);
    expect(readFileSync(join(again.path, "weights")).equals(files.get("weights")!)).toBe(true);
  });

  test("loses what a killed process was writing", async () => {
    const cache = newCache();
    const pid = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
    mkdirSync(cache.temporary().replace(`,${process.pid},`, `,${pid},`));
    const own = cache.temporary();
    mkdirSync(own);
    await cache.trim();
    expect(
      readdirSync(join(cache.directory, "incoming")).map((name) =>
        join(cache.directory, "incoming", name),
      ),
    ).toEqual([own]);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)(
    `on a full disk makes room for what is needed${isRoot ? "" : " (mounting a disk needs root)"}`,
    async () => {
      const disk = newDirectory();
      mkdirSync(disk);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
      mounts.push(disk);
      const shared = newDirectory();
      const cache = new LocalCache({ directory: join(disk, "cache") });
      const store = objectCheckpointStore(
        sharedDirectoryStorage(shared, { delayMs: 0 }),
        run,
        cache,
        {
          settleMs: 0,
        },
      );
      const elsewhere = machine(shared);
      const ids: CheckpointId[] = [];
      for (let value = 0; value < 5; value++)
        ids.push(
          await elsewhere.store.save(new Map([["weights", bytes(3_000_000, value)]]), noReserve),
        );
      for (const [value, id] of ids.entries()) {
        await using opened = await store.directories.open(id);
        expect(readFileSync(join(opened.path, "weights"))[0]).toBe(value);
      }
      await cache.trim(0);
      writeFileSync(join(disk, "foreign"), bytes(7_500_000, 1));
      const error = await store.directories.open(ids[0]!).catch((refusal: Error) => refusal);
      expect(error).toBeInstanceOf(CladeError);
      expect((error as Error).message).toContain("the disk is full; free some space");
      expect((await store.load(ids[0]!)).get("weights")![0]).toBe(0);
    },
  );

  test("says what is wrong with its size and its directory", () => {
    expect(() => cacheOptions({ CLADE_CACHE_GB: "ten" })).toThrow(
      "CLADE_CACHE_GB: ten - is not a size",
    );
    expect(cacheOptions({ CLADE_CACHE: "/somewhere", CLADE_CACHE_GB: "0.5" })).toEqual({
      directory: "/somewhere",
      maxBytes: 5e8,
    });
  });
});
