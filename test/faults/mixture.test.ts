/**
 * Real workers on PostgreSQL, with checkpoints in S3 and in a shared directory, under a random
 * mixture of everything that breaks. Afterwards the tree of snapshots alone tells whether anything
 * was lost. CLADE_FAULTS_SECONDS (15, or 60 in a long run) is how long things break. CLADE_SEED
 * (1) is the seed of the mixture.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test, vi } from "vitest";
import { randomStream } from "../../src/algorithm/random.ts";
import { figure } from "../long.ts";
import { type Fault, randomFaults, startFaultProxy } from "../servers/fault-proxy.ts";
import { startMemoryS3 } from "../servers/memory-s3-server.ts";
import { startPostgres } from "../servers/postgres-server.ts";
import { s3Keys } from "../servers/s3-server.ts";
import { Crew, isRoot } from "./crew.ts";
import { faultsOf } from "./machine-faults.ts";

const seconds = Number(process.env.CLADE_FAULTS_SECONDS ?? figure(15, 60));
const seed = Number(process.env.CLADE_SEED ?? 1);
/** Clocks that are right, ahead and behind. */
const machines = [{}, { clockMs: 600_000 }, { clockMs: -600_000 }];
/** The maximum time for which the database is unavailable. */
const awayMs = seconds < 300 ? 4_000 : 20_000;

const server = await startPostgres();
const root = mkdtempSync(join(tmpdir(), "clade-faults-"));
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";
const but = isRoot ? "" : ", but for a full cache (mounting a disk needs root)";

test.skipIf(!server)(
  `after ${seconds} s of everything that breaks nothing is lost, repeated or torn, and the ` +
    `runs end${but}${needs}`,
  { timeout: (seconds * 3 + 600) * 1000 },
  async () => {
    await using s3 = await startMemoryS3();
    await using unreliable = await startFaultProxy(s3.port);
    const happened = new Map<string, number>();
    const note = (what: string) => happened.set(what, (happened.get(what) ?? 0) + 1);
    const sometimes = randomFaults(0.08, seed);
    let isAway = false;
    unreliable.faults = (request) => {
      const away: Fault = { kind: "refuse", status: 503, code: "SlowDown" };
      const fault = isAway ? away : sometimes(request);
      if (fault) note(`S3: ${fault.kind}`);
      return fault;
    };
    const s3Of = (port: number) => ({
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
    });
    // This process sees S3 without faults.
    for (const [name, value] of Object.entries(s3Of(s3.port))) vi.stubEnv(name, value);
    await using inS3 = await Crew.start({
      store: await server!.newDatabase(),
      checkpoints: `s3://${s3.bucket}/faults`,
      trainer: "in this process",
      environment: s3Of(unreliable.port),
      directory: join(root, "s3"),
      seconds,
      machines,
      note,
    });
    await using shared = await Crew.start({
      store: await server!.newDatabase(),
      checkpoints: `file://${join(root, "shared-directory")}`,
      trainer: "command",
      environment: {},
      directory: join(root, "shared"),
      seconds,
      machines,
      note,
    });
    const s3Faults = {
      "S3 is away": async () => {
        isAway = true;
        await sleep(3_000);
        isAway = false;
      },
    };

    await Promise.all([inS3.begun(), shared.begun()]);
    const over = new AbortController();
    const ends = performance.now() + seconds * 1000;
    const goesOn = () => performance.now() < ends && !over.signal.aborted;
    async function killServer(): Promise<void> {
      const random = randomStream(seed, "server");
      while (goesOn()) {
        await sleep(5_000 + random.uniform() * 8_000);
        if (!goesOn()) break;
        await server!.kill();
        note("the database is killed");
        await sleep(random.uniform() * awayMs);
        await server!.start();
      }
    }
    try {
      await Promise.all([
        killServer(),
        inS3.suffer({ ...faultsOf(inS3), ...s3Faults }, goesOn, randomStream(seed, "s3")),
        shared.suffer(faultsOf(shared), goesOn, randomStream(seed, "shared")),
      ]);
      await Promise.all([inS3.end(), shared.end()]);
      await inS3.expectSound();
      await shared.expectSound();
      for (const { clockMs } of [inS3.summary(), shared.summary()])
        expect(Math.min(clockMs.ahead, clockMs.behind)).toBeGreaterThan(500_000);
    } finally {
      over.abort();
      console.log(Object.fromEntries([...happened].sort()), inS3.summary(), shared.summary());
    }
    for (const what of [
      "the database is killed",
      ...Object.keys({ ...faultsOf(inS3), ...faultsOf(shared), ...s3Faults }),
      ...["refuse", "break request", "break answer", "lose answer"].map((kind) => `S3: ${kind}`),
      "files were collected",
    ])
      expect([what, happened.get(what) ?? 0]).not.toEqual([what, 0]);
  },
);
