import { populationStoreConformance } from "clade/testing";
import { test } from "vitest";
import { memoryPopulationStore } from "./memory-population-store.ts";

for (const { name, run } of populationStoreConformance(async ({ now }) =>
  memoryPopulationStore({ now }),
))
  test(name, run);
