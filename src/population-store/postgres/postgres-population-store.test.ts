import { populationStoreConformance } from "clade/testing";
import { afterAll, describe, test } from "vitest";
import { startPostgres } from "../../../test/servers/postgres-server.ts";
import { postgresPopulationStore } from "./postgres-population-store.ts";

const server = await startPostgres();
afterAll(() => server?.[Symbol.asyncDispose]());
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

describe.skipIf(!server)(`conformance${needs}`, async () => {
  const url = await server?.newDatabase();
  const open = ({ now }: { now: () => number }) => postgresPopulationStore(url!, { now });
  for (const { name, run } of populationStoreConformance(open, { shared: true })) test(name, run);
});
