/**
 * Simulates systems in which things go wrong, each from a seed.
 *
 *     npm run simulate -- --seeds 100000          as many seeds
 *     npm run simulate -- --seed 17               one, event by event
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { memoryPopulationStore } from "../../src/population-store/memory/memory-population-store.ts";
import { sqlitePopulationStore } from "../../src/population-store/sqlite/sqlite-population-store.ts";
import type { Invariants } from "./invariants.ts";
import { type Plan, planOf } from "./plan.ts";
import { System } from "./system.ts";
import { World } from "./world.ts";

export type Tally = { [what in keyof Invariants["happened"]]: number } & { steps: number };

/** Rejects with the seed and the step at which something does not hold. */
export async function simulate(seed: number, log?: (line: string) => void): Promise<Tally> {
  const plan = planOf(seed);
  const world = new World(seed, log);
  try {
    const { happened, tree } = await simulatePlan(plan, world);
    if (plan.comesOutTheSame) {
      const undisturbed = { ...plan, machines: 1, lostAnswers: 0, mishaps: 0, store: "memory" };
      const expected = await simulatePlan(undisturbed as Plan, new World(seed));
      if (!isDeepStrictEqual(tree, expected.tree))
        throw new Error("it does not come out as where nothing goes wrong");
    }
    return { ...happened, steps: world.steps };
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`seed ${seed}, step ${world.steps}: ${message}`, { cause: error });
  }
}

async function simulatePlan(plan: Plan, world: World) {
  const directory = plan.store === "sqlite" ? mkdtempSync(join(tmpdir(), "clade-")) : undefined;
  const now = () => world.time;
  try {
    await using store = directory
      ? sqlitePopulationStore(join(directory, "clade.db"), { now })
      : memoryPopulationStore({ now });
    const invariants = await new System(world, plan, store).run();
    return { happened: invariants.happened, tree: await invariants.tree() };
  } finally {
    if (directory) rmSync(directory, { recursive: true });
  }
}

export async function simulateMany(seeds: Iterable<number>): Promise<Tally> {
  const tally = { copies: 0, rescues: 0, recoveries: 0, failures: 0, restorations: 0, steps: 0 };
  for (const seed of seeds) {
    const happened = await simulate(seed);
    for (const what of Object.keys(tally) as (keyof Tally)[]) tally[what] += happened[what];
  }
  return tally;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, seeds: { type: "string" }, from: { type: "string" } },
  });
  if (values.seed !== undefined) {
    console.log(await simulate(Number(values.seed), console.log));
  } else {
    const from = Number(values.from ?? 0);
    const count = Number(values.seeds ?? 1000);
    console.log(await simulateMany(Array.from({ length: count }, (_, index) => from + index)));
  }
}
