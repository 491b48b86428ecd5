import { checkpointStoreConformance } from "clade/testing";
import { test } from "vitest";
import { memoryCheckpointStore } from "./memory-checkpoint-store.ts";

for (const { name, run } of checkpointStoreConformance(async () => memoryCheckpointStore()))
  test(name, run);
