import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CheckpointId, CladeError } from "clade";
import { afterAll, describe, expect, test } from "vitest";
import { sharedDirectoryStorage } from "../shared-directory/shared-directory-storage.ts";
import { cacheOptions, LocalCache } from "./local-cache.ts";
import {
  bytes,
  expectSame,
  flip,
  newMachines,
  noReserve,
  run,
  sizesBelow,
} from "./machines.test-support.ts";
import { objectCheckpointStore } from "./object-checkpoint-store.ts";

const { newDirectory, newCache, machine } = newMachines();
const mounts: string[] = [];
// Before the directories go, since what is registered last runs first.
afterAll(() => {
  for (const mount of mounts) execFileSync("umount", ["-l", mount]);
});

const keptIn = (cache: LocalCache) => readdirSync(join(cache.directory, "kept"));

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
