/** What the cases of a checkpoint store are made of. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CheckpointFiles, CheckpointId } from "../../algorithm/snapshot.ts";
import {
  type CheckpointStore,
  manifestText,
  type Reserve,
} from "../../checkpoint-store/checkpoint-store.ts";
import { assert, assertEqual } from "../assert.ts";

/** Adds a case, which gets an empty store. */
export type Add<S> = (name: string, check: (store: S) => Promise<void>) => void;

export const noReserve: Reserve = async () => {};

export async function swept(
  store: CheckpointStore,
  live: ReadonlySet<CheckpointId>,
): Promise<number> {
  return await (await store.beginSweep())(live)();
}

/** Reproducible bytes. */
export function bytes(size: number, seed: number): Uint8Array {
  const result = new Uint8Array(size);
  let state = (seed + 1) * 2_654_435_761;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    result[index] = state >>> 24;
  }
  return result;
}

export function filesOf(content: Record<string, Uint8Array | 0>): CheckpointFiles {
  return new Map(
    Object.entries(content).map(([name, value]) => [name, value || new Uint8Array()]),
  );
}

export function idOf(files: CheckpointFiles): CheckpointId {
  const entries = Array.from(files, ([name, content]) => ({
    name,
    size: content.length,
    sha256: bytesToHex(sha256(content)),
  }));
  return bytesToHex(sha256(utf8ToBytes(manifestText(entries)))) as CheckpointId;
}

export async function assertLoads(
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
