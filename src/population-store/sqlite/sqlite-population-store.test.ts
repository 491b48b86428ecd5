import { execFileSync, fork } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  beginning,
  CladeError,
  type ExperimentDescription,
  type RunId,
  type Snapshot,
  type SnapshotId,
  StoreVersionError,
  type WorkerId,
} from "clade";
import { populationStoreConformance } from "clade/testing";
import { afterAll, describe, expect, test } from "vitest";
import type { Account } from "../../../test/fixtures/claiming-process.ts";
import { expectDamageToCostOnlyItsRun } from "../../../test/fixtures/damaged-rows.ts";
import { expectFixture } from "../../../test/fixtures/expect-fixture.ts";
import { openDatabase } from "../../database/sqlite/open-database.ts";
import { migrations } from "./migrations.ts";
import { sqlitePopulationStore } from "./sqlite-population-store.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-sqlite-"));
const mounts: string[] = [];
afterAll(() => {
  for (const mount of mounts) execFileSync("umount", ["-l", mount]);
  rmSync(directory, { recursive: true });
});

let files = 0;
const newPath = () => join(directory, `${files++}.db`);
const fixtures = join(import.meta.dirname, "../../../test/fixtures");

/** A copy of the store that a release wrote. */
function fixture(name: string): string {
  const path = newPath();
  copyFileSync(join(fixtures, name), path);
  return path;
}

describe("conformance", () => {
  const path = newPath();
  const open = async ({ now }: { now: () => number }) => sqlitePopulationStore(path, { now });
  for (const { name, run } of populationStoreConformance(open, { shared: true })) test(name, run);
});

const experiment = { name: "test", budget: {}, synchronous: false } as ExperimentDescription;
const id = "test-1" as RunId;
const roots = (members: number) =>
  Array.from(
    { length: members },
    (_, member): Snapshot => ({
      id: `${member}.0` as SnapshotId,
      member,
      kind: "initial",
      generation: 0,
      step: 0,
      memberSteps: 0,
      hyperparameters: {},
      metrics: {},
    }),
  );

test("concurrent processes lose nothing and claim no member twice", async () => {
  const path = newPath();
  const [members, generations, processes] = [6, 40, 4];
  mkdirSync(`${path}.locks`);
  await using store = sqlitePopulationStore(path);
  await store.createRun({ id, seed: 1, experiment }, roots(members));
  const accounts = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      told(
        fork(join(fixtures, "claiming-process.ts"), [
          path,
          id,
          `${index}`,
          `${generations}`,
          `${path}.locks`,
        ]),
      ),
    ),
  );
  expect(accounts.flatMap(({ complaints }) => complaints)).toEqual([]);
  const expected = Array.from({ length: members * (generations + 1) }, (_, index) => {
    const member = Math.floor(index / (generations + 1));
    return `${member}.${index % (generations + 1)}`;
  });
  const published = [
    ...accounts.flatMap((account) => account.published),
    ...roots(members).map((root) => root.id),
  ];
  expect(published.toSorted()).toEqual(expected.toSorted());
  const { snapshots, failures } = await store.changes(id, beginning, 10_000);
  expect(snapshots.map((snapshot) => snapshot.id).toSorted()).toEqual(expected.toSorted());
  expect(failures.length).toBe(accounts.reduce((sum, account) => sum + account.failures, 0));
  expect((await store.run(id)).state.kind).toBe("done");
});

function told(child: ReturnType<typeof fork>): Promise<Account> {
  return new Promise((resolve, reject) => {
    child.on("message", (account) => resolve(account as Account));
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(`the process ended with ${code} and said nothing`)),
    );
  });
}

test("processes that open a new store at the same time all get it", async () => {
  const path = newPath();
  const opening = new URL("sqlite-population-store.ts", import.meta.url).href;
  // They wait for the same moment, because starting takes longer than opening.
  const code = `const { sqlitePopulationStore } = await import(${JSON.stringify(opening)});
    while (Date.now() < ${Date.now() + 1000});
    await sqlitePopulationStore(${JSON.stringify(path)})[Symbol.asyncDispose]();
    process.send({}); process.disconnect();`;
  writeFileSync(`${path}.mjs`, code);
  await Promise.all(Array.from({ length: 5 }, () => told(fork(`${path}.mjs`))));
  openDatabase(path, migrations).close();
});

test("a store of a newer version is refused, and not a byte of it changes", () => {
  const path = fixture("clade-1.db");
  const newer = openDatabase(path, [...migrations, "CREATE TABLE newer (a)"]);
  // As a killed process leaves it: with commits in its log that are not in the file yet.
  const killed = newPath();
  for (const suffix of ["", "-wal"]) copyFileSync(`${path}${suffix}`, `${killed}${suffix}`);
  newer.close();
  for (const refused of [path, killed]) {
    const contents = () =>
      ["", "-wal"].map(
        (suffix) => existsSync(refused + suffix) && readFileSync(refused + suffix).toString("hex"),
      );
    const before = contents();
    expect(() => sqlitePopulationStore(refused)).toThrow(StoreVersionError);
    expect(() => sqlitePopulationStore(refused)).toThrow(
      `store ${refused}: has version ${migrations.length + 1}, this Clade reads up to ` +
        `${migrations.length}; update Clade`,
    );
    expect(contents()[0]).toBe(before[0]);
    // An empty log may be there after a look.
    expect(contents()[1] || "").toBe(before[1] || "");
  }
});

test("another program's database is refused, and not a byte of it changes", () => {
  for (const version of [0, 1, 7]) {
    const path = newPath();
    const foreign = new DatabaseSync(path);
    foreign.exec(
      `CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1); PRAGMA user_version = ${version}`,
    );
    foreign.close();
    const before = readFileSync(path);
    expect(() => sqlitePopulationStore(path)).toThrow(StoreVersionError);
    expect(() => sqlitePopulationStore(path)).toThrow(
      "is not a Clade store; give another path with --store",
    );
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}-wal`)).toBe(false);
  }
});

test("a file that is no database is refused with one clear error, and stays as it is", () => {
  for (const content of [
    "not a database, whatever its name says",
    "SQLite format 3\0 and then nothing",
  ]) {
    const path = newPath();
    writeFileSync(path, content);
    expect(() => sqlitePopulationStore(path)).toThrow(CladeError);
    expect(() => sqlitePopulationStore(path)).toThrow(
      `store ${path}: is not a Clade store; give another path`,
    );
    expect(readFileSync(path, "utf8")).toBe(content);
  }
});

test("a path that cannot be opened is a clear error", () => {
  const file = newPath();
  writeFileSync(file, "");
  for (const path of [directory, join(file, "below.db")]) {
    expect(() => sqlitePopulationStore(path)).toThrow(CladeError);
    expect(() => sqlitePopulationStore(path)).toThrow(`store ${path}: `);
  }
});

test("an empty file becomes a store, and so does a path in a missing directory", async () => {
  const empty = newPath();
  writeFileSync(empty, "");
  for (const path of [empty, join(directory, "a", "b", "clade.db")]) {
    await using store = sqlitePopulationStore(path);
    expect(await store.runs()).toEqual([]);
  }
});

const older = readdirSync(fixtures).filter((name) => /^clade-\d+\.db$/.test(name));

test.each(older)(
  "the store of every version opens, and everything in it can be read and gone on with: %s",
  async (name) => {
    await using store = sqlitePopulationStore(fixture(name));
    await expectFixture(store);
  },
);

test("an older store gets the steps that it lacks, and keeps what it has", async () => {
  const path = fixture("clade-1.db");
  const added = "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT 'none'";
  const migrated = openDatabase(path, [...migrations, added]);
  expect(
    migrated.prepare("SELECT count(*) AS runs, max(note) AS note FROM runs").get(),
  ).toMatchObject({
    runs: 2,
    note: "none",
  });
  expect(migrated.prepare("PRAGMA user_version").get()).toMatchObject({
    user_version: migrations.length + 1,
  });
  migrated.close();
  openDatabase(path, [...migrations, added]).close();
});

test("a step that fails leaves the older store as it was", async () => {
  const path = fixture("clade-1.db");
  const broken = [...migrations, "ALTER TABLE runs ADD COLUMN note TEXT; CREATE TABLE runs (a)"];
  expect(() => openDatabase(path, broken)).toThrow(CladeError);
  await using store = sqlitePopulationStore(path);
  expect((await store.runs()).length).toBe(2);
});

test("a damaged row costs its own run only, which can be stopped and removed", async () => {
  const path = newPath();
  await using store = sqlitePopulationStore(path);
  await expectDamageToCostOnlyItsRun(store, async (statement) => {
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
  });
});

test("the key of a removed run is never given to another", async () => {
  const path = newPath();
  const keys = async () => {
    await using store = sqlitePopulationStore(path);
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const database = new DatabaseSync(path);
    const { key } = database.prepare("SELECT key FROM runs").get() as { key: number };
    database.close();
    await store.removeRun(id);
    return key;
  };
  expect([await keys(), await keys(), await keys()]).toEqual([1, 2, 3]);
});

test("a full disk is a clear error, and what was published stays readable", async ({ skip }) => {
  const mount = join(directory, "full");
  mkdirSync(mount);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], { stdio: "ignore" });
  } catch {
    return skip("needs the right to mount a small file system");
  }
  mounts.push(mount);
  const path = join(mount, "clade.db");
  const store = sqlitePopulationStore(path);
  await store.createRun({ id, seed: 1, experiment }, roots(1));
  const worker = "host:1:full" as WorkerId;
  let newest = roots(1)[0]!;
  const publish = async () => {
    const result = await store.claimMember(id, worker, { leaseMs: 60_000 });
    if (result.kind !== "claimed") throw new Error(result.kind);
    const ordinal = newest.generation + 1;
    const next: Snapshot = {
      ...newest,
      id: `0.${ordinal}` as SnapshotId,
      generation: ordinal,
      hyperparameters: { text: "x".repeat(20_000) },
    };
    await store.publish(result.claim, { kind: "trained", snapshot: next });
    newest = next;
  };
  const fill = async () => {
    for (;;) await publish();
  };
  const filling = fill();
  await expect(filling).rejects.toThrow(CladeError);
  await expect(filling).rejects.toThrow(
    `store ${path}: cannot grow, the disk is full; free some space`,
  );
  expect((await store.members(id))[0]!.newest).toEqual(newest);
  execFileSync("mount", ["-o", "remount,size=4m", mount]);
  await store.releaseWorker(id, worker);
  await publish();
  await store[Symbol.asyncDispose]();
  await using reopened = sqlitePopulationStore(path);
  expect((await reopened.members(id))[0]!.newest).toEqual(newest);
});
