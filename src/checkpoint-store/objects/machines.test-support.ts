import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckpointFiles } from "clade";
import { afterAll, expect } from "vitest";
import { sharedDirectoryStorage } from "../shared-directory/shared-directory-storage.ts";
import { LocalCache } from "./local-cache.ts";
import { type ObjectCheckpointStore, objectCheckpointStore } from "./object-checkpoint-store.ts";
import type { ObjectStorage } from "./object-storage.ts";

export const run = "run-1";
export const noReserve = async () => {};
export const bytes = (size: number, value: number) => new Uint8Array(size).fill(value);

interface Machine {
  readonly store: ObjectCheckpointStore;
  readonly cache: LocalCache;
  /** The keys that were read from the storage. */
  readonly reads: string[];
}

/** Machines and directories that are gone after the tests of a file. */
export function newMachines() {
  const root = mkdtempSync(join(tmpdir(), "clade-objects-"));
  afterAll(() => rmSync(root, { recursive: true }));
  let directories = 0;
  const newDirectory = () => join(root, `${directories++}`);
  const newCache = (maxBytes?: number) =>
    new LocalCache({ directory: newDirectory(), ...(maxBytes !== undefined && { maxBytes }) });

  /** A machine of its own beside others that see the same directory. */
  function machine(
    shared: string,
    { maxBytes, ...options }: { maxBytes?: number; settleMs?: number; now?: () => number } = {},
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
    return {
      store: objectCheckpointStore(counted, run, cache, { settleMs: 0, ...options }),
      cache,
      reads,
    };
  }

  return { newDirectory, newCache, machine };
}

export function flip(path: string, at: number): void {
  const content = readFileSync(path);
  content[(at + content.length) % content.length]! += 1;
  chmodSync(path, 0o644);
  writeFileSync(path, content);
}

export function expectSame(found: CheckpointFiles, files: CheckpointFiles): void {
  expect([...found.keys()].toSorted()).toEqual([...files.keys()].toSorted());
  for (const [name, content] of files)
    expect(Buffer.from(found.get(name)!).equals(content)).toBe(true);
}

export function sizesBelow(directory: string): number[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}
