import { fork } from "node:child_process";
import { connect, createServer, type Socket } from "node:net";
import { beginning, LeaseLostError, type Snapshot, type SnapshotId, type WorkerId } from "clade";
import { afterAll, describe, expect, test } from "vitest";
import { figure } from "../../../test/long.ts";
import { startPostgres } from "../../../test/servers/postgres-server.ts";
import { Connection } from "../../database/postgres/connection.ts";
import { sql } from "../../database/sql.ts";
import { roots, trainedAfter, worker } from "../../testing/population-store/scene.ts";
import { claimOf, experiment, id, publishTrained } from "./claims.test-support.ts";
import { postgresPopulationStore } from "./postgres-population-store.ts";

const server = await startPostgres();
afterAll(() => server?.[Symbol.asyncDispose]());
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

/** The end of the first generation of the only member. */
const trained: Snapshot = {
  ...roots(1)[0]!,
  id: "0.1" as SnapshotId,
  kind: "trained",
  generation: 1,
};

describe.skipIf(!server)(`PostgreSQL that breaks${needs}`, () => {
  test("a publication whose answer is lost is published once", async () => {
    const proxy = await cutAfter(server!.port, "CALL clade.publish");
    const direct = await server!.newDatabase();
    await using store = await postgresPopulationStore(
      direct.replace(`:${server!.port}/`, `:${proxy.port}/`),
    );
    await store.createRun({ id, seed: 1, experiment }, roots(1));
    const claim = await claimOf(store, "a:1:1" as WorkerId, 60_000);
    proxy.arm();
    await store.publish(claim, { kind: "trained", snapshot: trained });
    expect(proxy.cuts()).toBe(1);
    expect((await store.changes(id, beginning)).snapshots.map((snapshot) => snapshot.id)).toEqual([
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
