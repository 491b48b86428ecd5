import { expect, test } from "vitest";
import { simulateMany } from "./simulate.ts";

const seeds = Number(process.env.CLADE_SIMULATION_SEEDS ?? 1000);

test(`what has to hold holds, whatever goes wrong (${seeds} seeds)`, async () => {
  const { steps, ...happened } = await simulateMany(Array(seeds).keys());
  for (const [what, times] of Object.entries(happened))
    expect([what, times > seeds / 100]).toEqual([what, true]);
  expect(steps).toBeGreaterThan(100 * seeds);
});
