import "fake-indexeddb/auto";
import { checkpointStoreConformance } from "clade/testing";
import { test } from "vitest";
import { damage } from "./damage.test-support.ts";
import { indexedDbCheckpointStore } from "./indexed-db-checkpoints.ts";

for (const { name, run } of checkpointStoreConformance(
  async () => indexedDbCheckpointStore("run-1", "conformance-checkpoints"),
  { damage: (_, id, file) => damage("conformance-checkpoints", "run-1", id, file) },
))
  test(name, run);
