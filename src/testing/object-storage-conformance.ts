/** Every promise of `object-storage.ts`, as cases that run against any storage. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ObjectStorage } from "../checkpoint-store/objects/object-storage.ts";
import type { ConformanceCase } from "./assert.ts";
import { concurrencyCases } from "./object-storage/concurrency.ts";
import { contentCases, missingCases } from "./object-storage/contents.ts";
import { deletionCases, nameCases } from "./object-storage/names.ts";
import type { Add } from "./object-storage/scene.ts";

/** What the suite has to know of the storage. */
export interface ObjectStorageOptions {
  /** The size of a part, if large objects move in parts: sizes around it are tested too. */
  readonly partBytes?: number;
}

/** `open` makes an empty storage each time. */
export function objectStorageConformance(
  open: () => Promise<ObjectStorage> | ObjectStorage,
  { partBytes = 8 * 1024 * 1024 }: ObjectStorageOptions = {},
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add: Add = (name, check) =>
    cases.push({
      name,
      run: async () => {
        const directory = await mkdtemp(join(tmpdir(), "clade-objects-"));
        await using storage = await open();
        try {
          await check({ storage, file: (file) => join(directory, file), partBytes });
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
      },
    });
  for (const addCases of [contentCases, missingCases, nameCases, deletionCases, concurrencyCases])
    addCases(add);
  return cases;
}
