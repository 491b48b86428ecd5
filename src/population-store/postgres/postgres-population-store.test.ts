import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  beginning,
  CladeError,
  type Claim,
  defineExperiment,
  everySteps,
  maximize,
  noExploit,
  run,
  StoreVersionError,
  uniform,
  type WorkerId,
} from "clade";
import { populationStoreConformance } from "clade/testing";
import pg from "pg";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Account } from "../../../test/fixtures/claiming-process.ts";
import { expectDamageToCostOnlyItsRun } from "../../../test/fixtures/damaged-rows.ts";
import { expectFixture } from "../../../test/fixtures/expect-fixture.ts";
import { type Rows, restore } from "../../../test/fixtures/postgres-rows.ts";
import { sharedPostgres } from "../../../test/servers/postgres-server.ts";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { Connection } from "../../database/postgres/connection.ts";
import { migrate } from "../../database/postgres/migrate.ts";
import { live, roots, trainedAfter, worker } from "../../testing/population-store/scene.ts";
import { claimOf, experiment, id } from "./claims.test-support.ts";
import { schema } from "./functions.ts";
import { migrations } from "./migrations.ts";
import { postgresPopulationStore } from "./postgres-population-store.ts";

const server = await sharedPostgres();
const directory = mkdtempSync(join(tmpdir(), "clade-postgres-test-"));
afterAll(() => rmSync(directory, { recursive: true }));
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

describe.skipIf(!server)(`PostgreSQL${needs}`, async () => {
  const url = await server?.newDatabase();
  const open = ({ now }: { now: () => number }) => postgresPopulationStore(url!, { now });
  for (const { name, run } of populationStoreConformance(open, { shared: true })) test(name, run);

  test("a damaged row costs its own run only, which can be stopped and removed", async () => {
    const database = await server!.newDatabase();
    await using store = await postgresPopulationStore(database);
    await expectDamageToCostOnlyItsRun(store, async (statement) => {
      const client = new pg.Client(database);
      await client.connect();
      await client.query(`SET search_path TO clade; ${statement}`);
      await client.end();
    });
  });

  test("a generation that copies nothing is two messages", async () => {
    const count = async (generations: number) => {
      await using store = await postgresPopulationStore(await server!.newDatabase());
      const message = vi.spyOn(pg.Client.prototype, "query");
      await run(climbing(generations), { populationStore: store, seed: 1 });
      const messages = message.mock.calls.length;
      message.mockRestore();
      return messages;
    };
    const messages = ((await count(60)) - (await count(10))) / 50;
    expect(messages).toBeGreaterThan(1.9);
    expect(messages).toBeLessThan(2.9);
  });

  test("concurrent processes lose nothing and claim no member twice", async () => {
    const database = await server!.newDatabase();
    const [members, generations, processes] = [6, 40, 4];
    const locks = join(directory, "locks");
    mkdirSync(locks);
    await using store = await postgresPopulationStore(database);
    await store.createRun({ id, seed: 1, experiment }, roots(members));
    const script = new URL("../../../test/fixtures/claiming-process.ts", import.meta.url).pathname;
    const accounts = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        told<Account>(fork(script, [database, id, `${index}`, `${generations}`, locks])),
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
    const { failures } = await store.changes(id, beginning, 1_000_000);
    expect(failures.length).toBe(accounts.reduce((sum, account) => sum + account.failures, 0));
    expect((await store.run(id)).state.kind).toBe("done");
  });

  test("workers that start together make the tables once", async () => {
    const database = await server!.newDatabase();
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => postgresPopulationStore(database)),
    );
    expect(await stores[0]!.runs()).toEqual([]);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  });

  test("a newer database is refused, and an older one gets what it lacks", async () => {
    const database = await server!.newDatabase();
    {
      await using store = await postgresPopulationStore(database);
      await store.createRun({ id, seed: 1, experiment }, roots(1));
    }
    const connection = new Connection(database);
    const steps = [...migrations, "ALTER TABLE clade.runs ADD COLUMN note text"];
    await migrate(connection, { ...schema, steps });
    await connection.close();
    const opening = postgresPopulationStore(database);
    await expect(opening).rejects.toThrow(StoreVersionError);
    await expect(opening).rejects.toThrow(
      `has version ${migrations.length + 1}, this Clade reads up to ${migrations.length}`,
    );
    const client = new pg.Client(database);
    await client.connect();
    const { rows } = await client.query("SELECT id, note FROM clade.runs");
    await client.end();
    expect(rows).toEqual([{ id, note: null }]);
  });

  const fixtures = new URL("../../../test/fixtures/", import.meta.url);
  const older = readdirSync(fixtures).filter((name) => name.startsWith("clade-postgres-"));

  test.each(older)(
    "the database of every version opens, and everything in it can be read and gone on with: %s",
    async (name) => {
      const database = await server!.newDatabase();
      const rows = JSON.parse(readFileSync(new URL(name, fixtures), "utf8")) as Rows;
      await restore(database, migrations.slice(0, Number(/\d+/.exec(name))), rows);
      await using store = await postgresPopulationStore(database);
      await expectFixture(store);
    },
  );

  test("versions whose functions differ work beside each other", async () => {
    const database = await server!.newDatabase();
    await using store = await postgresPopulationStore(database);
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const client = new pg.Client(database);
    await client.connect();
    const names = async () => {
      const { rows } = await client.query(
        `SELECT proname FROM pg_proc
          WHERE pronamespace = 'clade'::regnamespace AND proname ~ '_[0-9a-f]{12}$'`,
      );
      return rows.map(({ proname }) => proname as string);
    };
    const own = await names();
    // As a version leaves it that has the same schema and other functions.
    const others = own.map((name) => name.replace(/[0-9a-f]{12}$/, "0123456789ab"));
    for (const [index, name] of own.entries())
      await client.query(`ALTER ROUTINE clade.${name} RENAME TO ${others[index]}`);
    await using other = await postgresPopulationStore(database);
    expect((await names()).sort()).toEqual([...own, ...others].sort());
    expect((await other.claimMember(id, worker(1), { leaseMs: 1000 })).kind).toBe("claimed");
    await client.end();
  });

  test("what a user can mend is one sentence without the password", async () => {
    const { port, password } = server!;
    const client = new pg.Client(server!.url("postgres"));
    await client.connect();
    for (const statement of [
      "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'",
      "CREATE DATABASE standby",
      "ALTER DATABASE standby SET default_transaction_read_only = on",
      `CREATE ROLE guest LOGIN PASSWORD '${password}'`,
      `CREATE ROLE crowd LOGIN PASSWORD '${password}' CONNECTION LIMIT 0`,
    ])
      await client.query(statement);
    await client.end();
    const as = (user: string) => server!.url("postgres").replace("//clade:", `//${user}:`);
    const cases: [string, string][] = [
      [server!.url("latin"), "has the encoding LATIN1, which lacks characters"],
      [
        server!.url("standby"),
        "the server is read-only, like a standby; give the URL of the primary",
      ],
      [as("guest"), "this user lacks a privilege; let it create a schema in the database"],
      [as("crowd"), 'too many connections for role "crowd"); raise max_connections on the server'],
      [as("nobody-here"), "the password of nobody-here is wrong"],
      [
        server!.url("postgres").replace("127.0.0.1", "nowhere.invalid"),
        "the host nowhere.invalid is unknown",
      ],
      [`postgres://clade@/tmp/nowhere`, "is not a URL"],
      [
        `postgres:///clade?user=me&host=/tmp/nowhere`,
        "check that PostgreSQL runs on this machine, and where its socket is",
      ],
      [`postgres://clade:wr0ng-one@127.0.0.1:${port}/postgres`, "the password of clade is wrong"],
      [
        server!.url("nowhere"),
        "the database nowhere does not exist; create it with: createdb nowhere",
      ],
      [
        `postgres://clade:${encodeURIComponent(password)}@127.0.0.1:1/postgres`,
        "nothing listens on port 1 of 127.0.0.1; ",
      ],
      [
        "postgres://clade:wr0ng-one/#x@127.0.0.1:99999/postgres",
        "is not a URL; write it as postgres://user@host",
      ],
      [
        `postgres://clade@127.0.0.1:1/postgres?password=${encodeURIComponent(password)}`,
        "cannot be reached",
      ],
    ];
    for (const [bad, sentence] of cases) {
      const error = await postgresPopulationStore(bad).catch((refusal: Error) => refusal);
      expect(error).toBeInstanceOf(CladeError);
      const { message } = error as Error;
      expect(message).toContain(sentence);
      expect(message).not.toContain("\n");
      for (const secret of [password, encodeURIComponent(password), "wr0ng-one"])
        expect(message).not.toContain(secret);
    }
  });

  test("a server's clock decides about leases, whatever this machine's says", async () => {
    await using store = await postgresPopulationStore(await server!.newDatabase());
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const before = Date.now();
    await store.claimMember(id, "a:1:1" as WorkerId, { leaseMs: 60_000 });
    const real = Date.now;
    try {
      Date.now = () => real() + 600_000;
      expect((await store.claimMember(id, "b:1:1" as WorkerId, { leaseMs: 60_000 })).kind).toBe(
        "wait",
      );
      const [member] = await store.members(id);
      expect(member!.lease!.until - Date.now()).toBeGreaterThan(50_000);
      const run = await store.run(id);
      expect(Date.now() - run.runningSince!).toBeLessThan(real() - before + 5_000);
    } finally {
      Date.now = real;
    }
  });

  test("a collection does not wait for those of its process that wait for it", async () => {
    const database = await server!.newDatabase();
    await using store = await postgresPopulationStore(database);
    const members = 8;
    await store.createRun({ id, seed: 1, experiment }, roots(members));
    const claims: Claim[] = [];
    for (let member = 0; member < members; member++)
      claims.push(await claimOf(store, worker(member), 60_000));
    for (let turn = 0; turn < 20; turn++) {
      const reserving = claims.map((claim) =>
        store.reserveCheckpoint(claim, `${turn}` as CheckpointId),
      );
      await Promise.all([...reserving.slice(0, 2), store.collect(id, () => {}), ...reserving]);
    }
    expect(await live(store, id)).toContain("19");
    const client = new pg.Client(database);
    await client.connect();
    const { rows } = await client.query(
      `SELECT xact_rollback::integer AS given_up FROM pg_stat_database
        WHERE datname = current_database()`,
    );
    await client.end();
    expect(rows).toEqual([{ given_up: 0 }]);
  });

  test("a publication does not read the more, the longer the run", async () => {
    const database = await server!.newDatabase();
    const generations = 200;
    {
      await using store = await postgresPopulationStore(database);
      await store.createRun({ id, seed: 1, experiment }, roots(1));
      for (let score = 1; score <= generations; score++) {
        const claim = await claimOf(store, worker(0), 60_000);
        const best = trainedAfter(claim.newest, { score });
        await store.publish(claim, { kind: "trained", snapshot: best, mayBeBest: true });
      }
    }
    const client = new pg.Client(database);
    await client.connect();
    const statement = `SELECT sum(idx_tup_read)::integer AS read FROM pg_stat_user_indexes
      WHERE schemaname = 'clade'`;
    const [{ read }] = (await client.query(statement)).rows as [{ read: number }];
    await client.end();
    expect(read).toBeGreaterThan(generations);
    expect(read).toBeLessThan(30 * generations);
  });
});

/** A run of one member, with a generation a step. */
function climbing(generations: number) {
  let height = 0;
  return defineExperiment({
    name: "climbing",
    population: 1,
    hyperparameters: { speed: uniform(0, 1) },
    objective: maximize("height"),
    ready: everySteps(1),
    exploit: noExploit(),
    budget: { stepsPerMember: generations },
    trainer: () => ({
      step({ speed }) {
        height += speed;
      },
      evaluate: () => ({ height }),
      save: () => ({ height }),
      restore(state: { readonly height: number }) {
        height = state.height;
      },
    }),
  });
}

function told<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on("message", (account) => resolve(account as T));
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(`the process ended with ${code} and said nothing`)),
    );
  });
}
