import { expect, test } from "vitest";
import { memoryPopulationStore } from "../population-store/memory/memory-population-store.ts";
import type { RunId, WorkerId } from "../population-store/population-store.ts";
import { description, roots } from "../testing/population-store/scene.ts";
import { systemClock } from "./clock.ts";
import { Leases } from "./leases.ts";

const id = "test-1" as RunId;
const leaseMs = 400;

test("a worker that was held up gets longer leases, and later shorter ones again", async () => {
  await using store = memoryPopulationStore();
  await store.createRun({ id, seed: 1, experiment: description() }, roots(1));
  const leases = new Leases(store, new AbortController().signal, systemClock, 1, leaseMs);
  const result = await store.claimMember(id, "a:1:1" as WorkerId, leases);
  if (result.kind !== "claimed") throw new Error(result.kind);
  const held = leases.keep(result.claim);
  for (const end = performance.now() + 3 * leaseMs; performance.now() < end; );
  await expect.poll(() => leases.leaseMs).toBeGreaterThanOrEqual(9 * leaseMs);
  held.stop();
  expect(leases.leaseMs).toBeGreaterThanOrEqual(9 * leaseMs);
  await expect
    .poll(() => {
      leases.keep(result.claim).stop();
      return leases.leaseMs;
    })
    .toBe(leaseMs);
});
