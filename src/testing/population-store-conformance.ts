/**
 * Every promise of `population-store.ts`, as cases that run against any store. A case makes runs
 * of its own, so a store may hold others' and is never assumed to be empty.
 */
import type { ConformanceCase } from "./assert.ts";
import { claimCases } from "./population-store/claims.ts";
import { collectionCases } from "./population-store/collection.ts";
import { publicationCases } from "./population-store/publications.ts";
import { readCases } from "./population-store/reads.ts";
import { runTimeCases } from "./population-store/run-times.ts";
import { runCases } from "./population-store/runs.ts";
import {
  type Add,
  defaultScene,
  type OpenPopulationStore,
  withScene,
} from "./population-store/scene.ts";
import { sharedStorageCases } from "./population-store/shared-storage.ts";
import { synchronousCases } from "./population-store/synchronous-runs.ts";
import { workerCases } from "./population-store/workers.ts";

export type { OpenPopulationStore };

/**
 * What every population store promises. `shared`: processes share the storage, so what one handle
 * does another sees.
 */
export function populationStoreConformance(
  open: OpenPopulationStore,
  { shared = false }: { readonly shared?: boolean } = {},
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add: Add = (name, scene, check) =>
    cases.push({ name, run: () => withScene(open, { ...defaultScene, ...scene }, check) });
  for (const addCases of [
    runCases,
    runTimeCases,
    claimCases,
    publicationCases,
    synchronousCases,
    readCases,
    collectionCases,
    workerCases,
  ])
    addCases(add);
  if (shared) sharedStorageCases(add, open);
  return cases;
}
