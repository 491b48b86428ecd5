import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defineExperiment,
  everySteps,
  filesystemCheckpointStore,
  maximize,
  memoryPopulationStore,
  type PopulationStore,
  perturb,
  run,
  truncationSelection,
  uniform,
} from "clade";
import { populationStoreConformance } from "clade/testing";
import { afterAll, describe, expect, test } from "vitest";
import { startPooler } from "../../../test/servers/pooler.ts";
import { sharedPostgres } from "../../../test/servers/postgres-server.ts";
import { postgresPopulationStore } from "./postgres-population-store.ts";

const server = await sharedPostgres();
const pooler = server && (await startPooler(server, 3));
const directory = mkdtempSync(join(tmpdir(), "clade-pooler-test-"));
afterAll(async () => {
  await pooler?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
const lacks = server
  ? "PgBouncer, which is not installed"
  : "PostgreSQL, and there is none for this machine";
const needs = pooler ? "" : ` (needs ${lacks})`;

describe.skipIf(!pooler)(`PostgreSQL behind a pooler in transaction mode${needs}`, async () => {
  const url = pooler?.url(await server!.newDatabase());
  const open = ({ now }: { now: () => number }) => postgresPopulationStore(url!, { now });
  for (const { name, run } of populationStoreConformance(open, { shared: true })) test(name, run);

  test("more workers than connections do a synchronous run as one worker in memory", async () => {
    const through = pooler!.url(await server!.newDatabase());
    await using populationStore = await postgresPopulationStore(through);
    const checkpoints = () => filesystemCheckpointStore(directory);
    await run(climb(), { seed: 3, workers: 6, populationStore, checkpoints });
    const memory = memoryPopulationStore();
    await run(climb(), { seed: 3, populationStore: memory });
    expect(await scores(populationStore)).toEqual(await scores(memory));
  });
});

function climb() {
  class Climber {
    #height = 0;
    step({ rate }: { readonly rate: number }) {
      this.#height += rate;
    }
    evaluate() {
      return { height: this.#height };
    }
    save() {
      return { height: this.#height };
    }
    restore({ height }: { height: number }) {
      this.#height = height;
    }
  }
  return defineExperiment({
    name: "climb",
    population: 8,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("height"),
    ready: everySteps(2),
    exploit: truncationSelection(),
    explore: perturb(),
    budget: { stepsPerMember: 12 },
    synchronous: true,
    trainer: Climber,
  });
}

async function scores(store: PopulationStore): Promise<unknown> {
  const [created] = await store.runs();
  const members = await store.members(created!.id);
  return members.map(({ newest: { id, score, parent } }) => ({ id, score, parent }));
}
