import "fake-indexeddb/auto";
import { populationStoreConformance } from "clade/testing";
import { test } from "vitest";
import { indexedDbPopulationStore } from "./indexed-db-population-store.ts";

for (const { name, run } of populationStoreConformance(
  async ({ now }) => indexedDbPopulationStore({ name: "conformance", now }),
  { shared: true },
))
  test(name, run);
