import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { populationStoreConformance } from "clade/testing";
import { afterAll, test } from "vitest";
import { sqlitePopulationStore } from "./sqlite-population-store.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-sqlite-"));
afterAll(() => rmSync(directory, { recursive: true }));

const path = join(directory, "conformance.db");
for (const { name, run } of populationStoreConformance(
  async ({ now }) => sqlitePopulationStore(path, { now }),
  {
    shared: true,
  },
))
  test(name, run);
