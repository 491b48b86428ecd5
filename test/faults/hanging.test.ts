/** A shared file system that does not answer: whoever opens a file of it waits, as for a server that is cut off. Pipes stand in the place of files. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { startPostgres } from "../servers/postgres-server.ts";
import { Crew, ended, leaseMs } from "./crew.ts";
import type { Machine } from "./machine.ts";
import type { Told } from "./task.ts";

const server = await startPostgres();
const root = mkdtempSync(join(tmpdir(), "clade-hanging-"));
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";
let directories = 0;

for (const [what, isWarm] of [
  ["restores", false],
  ["saves", true],
] as const)
  test
    .skipIf(!server)
    .concurrent(
      `while a shared file system hangs a worker that ${what} keeps its member, and leaves when it is told to${needs}`,
      { timeout: 300_000 },
      async () => {
        const directory = join(root, `${directories++}`);
        await using crew = await Crew.start({
          store: await server!.newDatabase(),
          checkpoints: `file://${join(directory, "shared")}`,
          trainer: "command",
          environment: {},
          directory,
          seconds: 10,
          machines: [{}],
          note: () => {},
        });
        await crew.begun();
        const [machine] = crew.machines as [Machine];
        const areSaved = async () =>
          (await crew.store.members(crew.run)).every(({ newest }) => newest.checkpoint !== undefined);
        await expect.poll(areSaved, { timeout: 100_000 }).toBe(true);
        crew.rest();
        const [first] = machine.processes;
        first!.kill("SIGKILL");
        await ended(first!);
        const mend = hang(join(fileURLToPath(crew.options.checkpoints), crew.run));

        const worker = isWarm ? machine.start() : crew.startCopy(machine);
        const claimed: number[] = [];
        worker.on("message", (told: Told) => {
          if (told.kind === "claimed") claimed.push(told.member);
        });
        const lease = async () => (await crew.store.members(crew.run))[claimed.at(-1) ?? 0]!.lease;
        /** Whether it keeps one member for several leases. */
        const keepsOne = async () => {
          const claims = claimed.length;
          const { until } = (await lease()) ?? { until: 0 };
          while (claimed.length === claims && ((await lease())?.until ?? 0) < until + 3 * leaseMs)
            await sleep(100);
          return claims > 0 && claimed.length === claims;
        };
        await expect.poll(keepsOne, { timeout: 100_000 }).toBe(true);
        worker.kill("SIGTERM");
        await ended(worker);
        expect(await lease()).toBe(undefined);

        mend();
        crew.goOn();
        await crew.end();
        await crew.expectSound();
      },
    );

/** Opening any checkpoint waits for somebody to write. Returns what ends this. */
function hang(directory: string): () => void {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const paths = names.filter((name) => name.endsWith(".checkpoint")).map((name) => join(directory, name));
  for (const path of paths) {
    renameSync(path, `${path}-kept`);
    execFileSync("mkfifo", [path]);
  }
  return () => {
    for (const path of paths) {
      rmSync(path);
      if (existsSync(`${path}-kept`)) renameSync(`${path}-kept`, path);
    }
  };
}
