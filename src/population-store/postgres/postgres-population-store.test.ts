import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CladeError,
  type Claim,
  type ClaimRequest,
  defineExperiment,
  everySteps,
  LeaseLostError,
  maximize,
  noExploit,
  type PopulationStore,
  type RunId,
  run,
  type Snapshot,
  type SnapshotId,
  StoreVersionError,
  start,
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
import { figure } from "../../../test/long.ts";
import { startPostgres } from "../../../test/servers/postgres-server.ts";
import { type CheckpointId, ordinalOf } from "../../algorithm/snapshot.ts";
import { Connection } from "../../database/postgres/connection.ts";
import { migrate } from "../../database/postgres/migrate.ts";
import { sql } from "../../database/sql.ts";
import {
  description,
  live,
  roots,
  trainedAfter,
  worker,
} from "../../testing/population-store/scene.ts";
import { schema } from "./functions.ts";
import { migrations } from "./migrations.ts";
import { postgresPopulationStore } from "./postgres-population-store.ts";

const server = await startPostgres();
const directory = mkdtempSync(join(tmpdir(), "clade-postgres-test-"));
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

const experiment = description();
const id = "test-1" as RunId;

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
    expect(messages).toBeLessThan(2.2);
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
    const { failures } = await store.changes(id, start, 1_000_000);
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

  test("a publication whose answer is lost is published once", async () => {
    const proxy = await cutAfter(server!.port, "CALL clade.publish");
    const direct = await server!.newDatabase();
    await using store = await postgresPopulationStore(
      direct.replace(`:${server!.port}/`, `:${proxy.port}/`),
    );
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const claim = await claimOf(store, "a:1:1" as WorkerId, 60_000);
    const trained: Snapshot = {
      ...roots(1)[0]!,
      id: "0.1" as SnapshotId,
      kind: "trained",
      generation: 1,
    };
    proxy.arm();
    await store.publish(claim, { kind: "trained", snapshot: trained });
    expect(proxy.cuts()).toBe(1);
    expect((await store.changes(id, start)).snapshots.map((snapshot) => snapshot.id)).toEqual([
      "0.0",
      "0.1",
    ]);
    proxy.close();
  });

  test("a publication whose answer is lost is published once, and its claim goes on", async () => {
    const proxy = await cutAfter(server!.port, "CALL clade.publish");
    const direct = await server!.newDatabase();
    await using store = await postgresPopulationStore(
      direct.replace(`:${server!.port}/`, `:${proxy.port}/`),
    );
    await store.createRun({ id, seed: 1, experiment }, roots(3));
    const claim = await claimOf(store, worker(1), 60_000);
    proxy.arm();
    const next = await publishTrained(store, claim, () => "a", { leaseMs: 60_000, warm: 0 });
    if (next?.kind !== "claimed") throw new Error(next?.kind);
    await publishTrained(store, next.claim, () => "b");
    // The claim that it does not know of keeps its member for as long as the lease.
    expect([claim.member, next.claim.member, proxy.cuts()]).toEqual([0, 2, 1]);
    expect((await store.members(id)).map(({ newest }) => newest.generation)).toEqual([1, 0, 1]);
    proxy.close();
  });

  test("what another published in its place is not taken for one's own", async () => {
    const proxy = await cutAfter(server!.port, "CALL clade.publish", { loses: true });
    const direct = await server!.newDatabase();
    await using other = await postgresPopulationStore(direct);
    await using store = await postgresPopulationStore(
      direct.replace(`:${server!.port}/`, `:${proxy.port}/`),
    );
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const lost = await claimOf(store, "a:1:1" as WorkerId, 0);
    const trained: Snapshot = {
      ...roots(1)[0]!,
      id: "0.1" as SnapshotId,
      kind: "trained",
      generation: 1,
    };
    const publication = { kind: "trained", snapshot: trained } as const;
    proxy.arm(async () => {
      await other.publish(await claimOf(other, "b:1:1" as WorkerId, 60_000), publication);
    });
    await expect(store.publish(lost, publication)).rejects.toThrow(LeaseLostError);
    expect(proxy.cuts()).toBe(1);
    proxy.close();
  });

  test("what was published is there after a crash of the server", async () => {
    await using store = await postgresPopulationStore(await server!.newDatabase());
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    for (let generation = 1; generation <= figure(1, 3); generation++) {
      await publishTrained(store, await claimOf(store, worker(0), 0), () => "a");
      await server!.kill();
      await server!.start();
      expect((await store.members(id))[0]!.newest.generation).toBe(generation);
    }
  });

  test("a claim that a server crash forgot is refused, though another has its token", async () => {
    await using store = await postgresPopulationStore(await server!.newDatabase());
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const trained: Snapshot = {
      ...roots(1)[0]!,
      id: "0.1" as SnapshotId,
      kind: "trained",
      generation: 1,
    };
    const publication = { kind: "trained", snapshot: trained } as const;
    for (;;) {
      const forgotten = await claimOf(store, "a:1:1" as WorkerId, 0);
      await server!.kill();
      await server!.start();
      const claim = await claimOf(store, "a:1:2" as WorkerId, 60_000);
      // It was on the disk already.
      if (claim.fencingToken > forgotten.fencingToken) {
        await store.releaseMember(claim);
        continue;
      }
      expect(claim.fencingToken).toBe(forgotten.fencingToken);
      await expect(store.publish(forgotten, publication)).rejects.toThrow(LeaseLostError);
      await store.publish(claim, publication);
      return;
    }
  });

  test("a worker that waits while the server dies goes on waiting", async () => {
    const script = new URL("../../../test/fixtures/waiting-process.ts", import.meta.url).pathname;
    const child = fork(script, [await server!.newDatabase()]);
    child.once("message", () => void server!.kill());
    const code = await new Promise((resolve) => child.once("exit", resolve));
    await server!.start();
    expect(code).toBe(0);
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

  test("a worker that freezes in a transaction blocks the others for some seconds", async () => {
    const database = await server!.newDatabase();
    await using store = await postgresPopulationStore(database);
    await store.createRun({ id, seed: 1, experiment }, roots(2));
    const frozen = new Connection(database);
    const release = Promise.withResolvers<void>();
    const holding = frozen.transaction(
      sql`SELECT pg_advisory_xact_lock(${0x436c6164}, 1)`,
      async () => {
        await release.promise;
      },
    );
    const claim = await claimOf(store, "a:1:1" as WorkerId, 60_000);
    await store.publish(claim, { kind: "trained", snapshot: trainedAfter(claim.newest) });
    release.resolve();
    await holding;
    await frozen.close();
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

async function claimOf(store: PopulationStore, worker: WorkerId, leaseMs: number): Promise<Claim> {
  const result = await store.claimMember(id, worker, { leaseMs });
  if (result.kind !== "claimed") throw new Error(result.kind);
  return result.claim;
}

async function publishTrained(
  store: PopulationStore,
  claim: Claim,
  checkpoint: (ordinal: number) => string,
  next?: ClaimRequest,
) {
  const ordinal = ordinalOf(claim.newest.id) + 1;
  const trained = trainedAfter(claim.newest, { checkpoint: checkpoint(ordinal) as CheckpointId });
  return await store.publish(claim, { kind: "trained", snapshot: trained }, next);
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

/**
 * Stands between a client and the server. Once armed it cuts the connection at the first message
 * with a word, after what it was armed with: before the answer, or, if it `loses` the message,
 * before it arrives.
 */
async function cutAfter(port: number, word: string, { loses = false } = {}) {
  let armed: (() => Promise<void>) | undefined;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        // What was sent to the server still arrives.
        upstream.end();
      });
    }
    let isCut = false;
    client.on("data", (data) => {
      const meanwhile = data.includes(word) ? armed : undefined;
      if (!meanwhile || !loses) upstream.write(data);
      if (!meanwhile) return;
      armed = undefined;
      isCut = true;
      cuts++;
      setTimeout(() => void meanwhile().then(() => client.destroy()), 200);
    });
    upstream.on("data", (data) => {
      if (!isCut) client.write(data);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    port: (proxy.address() as { port: number }).port,
    arm: (meanwhile = async () => {}) => {
      armed = meanwhile;
    },
    cuts: () => cuts,
    close: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}
