/** The stores of a browser and their suites, for a page. */

import { indexedDbCheckpointStore, indexedDbPopulationStore } from "clade/browser";
import { checkpointStoreConformance, populationStoreConformance } from "clade/testing";
import { damage } from "../../src/checkpoint-store/indexed-db/damage.test-support.ts";

const database = "conformance";

/** Resolves the number of cases, and what is wrong in those that failed. */
export async function conform() {
  const cases = [
    ...populationStoreConformance(
      async ({ now }) => indexedDbPopulationStore("population", { now }),
      { shared: true },
    ),
    ...checkpointStoreConformance(async () => indexedDbCheckpointStore("run-1", database), {
      damage: (_, id, file) => damage(database, "run-1", id, file),
    }),
  ];
  const wrong: string[] = [];
  for (const { name, run } of cases)
    await run().catch((error) => wrong.push(`${name}: ${error.message}`));
  return { cases: cases.length, wrong };
}
