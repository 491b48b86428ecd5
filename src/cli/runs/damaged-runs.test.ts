import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunId } from "../../population-store/population-store.ts";
import { sqlitePopulationStore } from "../../population-store/sqlite/sqlite-population-store.ts";
import { description, roots } from "../../testing/population-store/scene.ts";
import { listCommand } from "../commands/list.ts";
import { removeCommand } from "../commands/remove.ts";
import { findRun } from "./find-run.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-damaged-runs-test-"));
const store = join(directory, "clade.db");
const stdout = vi.spyOn(console, "log").mockImplementation(() => {});
const stderr = vi.spyOn(console, "error").mockImplementation(() => {});
const printed = (stream: typeof stdout) => stream.mock.calls.flat().join("\n");

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

beforeEach(() => {
  stdout.mockClear();
  stderr.mockClear();
});
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
    await listCommand({ store });
    expect(printed(stdout)).toMatch(/^healthy-1 +not begun/m);
    expect(printed(stdout)).toMatch(/^damaged-1 +damaged/m);
    expect(printed(stdout)).toContain(`${why} in the store cannot be read`);
    expect(printed(stdout)).toMatch(/or remove the run with: \S.* remove damaged-1$/m);
    stdout.mockClear();
    await listCommand({ store, json: true });
    const lines = stdout.mock.calls.map(([line]) => JSON.parse(line));
    expect(lines).toMatchObject([
      { run: "healthy-1", state: { kind: "running" } },
      {
        run: "damaged-1",
        state: { kind: "damaged", reason: expect.stringContaining("cannot be read") },
      },
    ]);

    await removeCommand("damaged-1", { store, yes: true });
    stdout.mockClear();
    await listCommand({ store });
    expect(printed(stdout)).not.toContain("damaged");
    expect(printed(stdout)).toContain("healthy-1");
  },
);

test("a healthy run is found beside a damaged one, which is an error where it is named", async () => {
  await storeAfter(damagedRow);
  await using population = sqlitePopulationStore(store);
  for (const name of ["healthy-1", "healthy", undefined])
    expect(await findRun(population, name)).toMatchObject({ id: "healthy-1" });
  for (const name of ["damaged-1", "damaged"])
    await expect(findRun(population, name)).rejects.toThrow(
      "run damaged-1: its experiment in the store",
    );
});

test("without a name, a newer run that cannot be read is said to be passed over", async () => {
  await storeAfter(
    `${damagedRow}; UPDATE runs SET created_at = created_at + 9 WHERE id = 'damaged-1'`,
  );
  await using population = sqlitePopulationStore(store);
  expect(await findRun(population, undefined)).toMatchObject({ id: "healthy-1" });
  expect(printed(stderr)).toContain(
    "passed over: run damaged-1: its experiment in the store cannot be read",
  );
});
