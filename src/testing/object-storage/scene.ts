/** What the cases of an object storage are made of. */
import { createHash } from "node:crypto";
import type { ObjectStorage } from "../../checkpoint-store/objects/object-storage.ts";
import { assertEqual } from "../assert.ts";

/** An empty storage, and a directory for files of the machine. */
interface Scene {
  readonly storage: ObjectStorage;
  readonly file: (name: string) => string;
  /** Larger objects are moved in parts. */
  readonly partBytes: number;
}

export type Add = (name: string, check: (scene: Scene) => Promise<void>) => void;

/** Reproducible bytes. */
export function bytes(size: number, seed: number): Uint8Array {
  const result = new Uint8Array(size);
  const words = new Uint32Array(result.buffer, 0, size >> 2);
  let state = (seed + 1) * 2_654_435_761;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[index] = state;
  }
  result.fill(seed, words.length * 4);
  return result;
}

export function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export async function assertReads(
  storage: ObjectStorage,
  key: string,
  content: Uint8Array,
): Promise<void> {
  assertSame(await storage.read(key), content, `the bytes of ${key}`);
  assertSame(
    await storage.read(key, content.length),
    content,
    `the bytes of ${key}, read with their size`,
  );
}

export function assertSame(found: Uint8Array, content: Uint8Array, what: string): void {
  assertEqual(found.length, content.length, `the size of ${what}`);
  assertEqual(hashOf(found), hashOf(content), `the hash of ${what}`);
}

export async function assertLists(
  storage: ObjectStorage,
  prefix: string,
  keys: readonly string[],
): Promise<void> {
  const found = (await storage.list(prefix)).map(({ key }) => key);
  assertEqual(found.sort(), keys.toSorted(), `what begins with ${JSON.stringify(prefix)}`);
}
