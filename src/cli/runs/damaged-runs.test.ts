import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, expect, test } from "vitest";
import type { RunId } from "../../population-store/population-store.ts";
import { sqlitePopulationStore } from "../../population-store/sqlite/sqlite-population-store.ts";
import { description, roots } from "../../testing/population-store/scene.ts";
import { contextIn, runIn } from "../run.test-support.ts";
import { findRun } from "./find-run.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-damaged-runs-test-"));
const store = join(directory, "clade.db");
const clade = async (...words: string[]) =>
  (await runIn(directory, [...words, "--store", store])).stdout;

const damagedRow = "UPDATE runs SET experiment = '{' WHERE id = 'damaged-1'";
const damagedSnapshot = `UPDATE snapshots SET hyperparameters = '{'
  WHERE run = (SELECT key FROM runs WHERE id = 'damaged-1')`;

async function storeAfter(damage: string) {
  await using population = sqlitePopulationStore(store);
  for (const id of ["healthy-1", "damaged-1"] as RunId[])
    await population.createRun({ id, seed: 1, experiment: description() }, roots(2));
  const database = new DatabaseSync(store);
  database.exec(damage);
  database.close();
}

afterEach(() => {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${store}${end}`, { force: true });
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ["the run's row", damagedRow, "run damaged-1: its experiment"],
  ["a snapshot", damagedSnapshot, "run damaged-1: snapshot 0.0: its hyperparameters"],
])(
  "the list shows every run though %s is damaged, with the command that removes it",
  async (_, damage, why) => {
    await storeAfter(damage);
    const list = await clade("list");
    expect(list).toMatch(/^healthy-1 +not begun/m);
    expect(list).toMatch(/^damaged-1 +damaged/m);
    expect(list).toContain(`${why} in the store cannot be read`);
    expect(list).toMatch(/or remove the run with: \S.* remove damaged-1$/m);
    const json = await clade("list", "--json");
    const lines = json
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { run: "healthy-1", state: { kind: "running" } },
      {
        run: "damaged-1",
        state: { kind: "damaged", reason: expect.stringContaining("cannot be read") },
      },
    ]);

    await clade("remove", "damaged-1", "--yes");
    const left = await clade("list");
    expect(left).not.toContain("damaged");
    expect(left).toContain("healthy-1");
  },
);

test("a healthy run is found beside a damaged one, which is an error when named", async () => {
  await storeAfter(damagedRow);
  await using population = sqlitePopulationStore(store);
  for (const name of ["healthy-1", "healthy", undefined])
    expect(await findRun(contextIn(directory), population, name)).toMatchObject({
      id: "healthy-1",
    });
  for (const name of ["damaged-1", "damaged"])
    await expect(findRun(contextIn(directory), population, name)).rejects.toThrow(
      "run damaged-1: its experiment in the store",
    );
});

test("without a name, a newer run that cannot be read is said to be passed over", async () => {
  await storeAfter(
    `${damagedRow}; UPDATE runs SET created_at = created_at + 9 WHERE id = 'damaged-1'`,
  );
  await using population = sqlitePopulationStore(store);
  const context = contextIn(directory);
  expect(await findRun(context, population, undefined)).toMatchObject({ id: "healthy-1" });
  expect(context.stderr.text).toContain(
    "passed over: run damaged-1: its experiment in the store cannot be read",
  );
});
