/**
 * A shared file system that does not answer. Opening a file on it waits, as for a server that is
 * cut off. Tested with pipes in place of files, and with a mount whose server is frozen.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { inLongRuns, isLong } from "../long.ts";
import { sharedPostgres } from "../servers/postgres-server.ts";
import { Crew, ended, leaseMs } from "./crew.ts";
import type { Machine } from "./machine.ts";
import type { Told } from "./task.ts";

const server = await sharedPostgres();
const root = mkdtempSync(join(tmpdir(), "clade-hanging-"));
afterAll(async () => {
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";
const sftpServer = "/usr/lib/openssh/sftp-server";
const canMount = server && hasSshfs();
const needsSshfs = canMount ? "" : " (needs root, sshfs and OpenSSH's sftp-server)";
let directories = 0;

for (const [what, isWarm, newPlace] of [
  ["a shared directory hangs a worker that restores", false, pipes],
  ["a shared directory hangs a worker that saves", true, pipes],
  [`a mount by sshfs hangs a worker that restores${needsSshfs}`, false, sshfs],
  [`a mount by sshfs hangs a worker that saves${needsSshfs}`, true, sshfs],
] as const)
  test
    .skipIf(!server || !isLong || (newPlace === sshfs && !canMount))
    .concurrent(
      `while ${what} keeps its member, and leaves when it is told to${needs}${inLongRuns}`,
      async () => {
        const directory = join(root, `${directories++}`);
        mkdirSync(directory);
        using place = newPlace(directory);
        await using crew = await Crew.start({
          store: await server!.newDatabase(),
          checkpoints: `file://${place.directory}`,
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
          (await crew.store.members(crew.run)).every(
            ({ newest }) => newest.checkpoint !== undefined,
          );
        await expect.poll(areSaved, { timeout: 100_000 }).toBe(true);
        crew.rest();
        const [first] = machine.processes;
        first!.kill("SIGKILL");
        await ended(first!);
        place.hang();

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
        await expect.poll(lease, { timeout: 100_000 }).toBe(undefined);
        if (place.letsGo) await ended(worker);

        place.mend();
        await ended(worker);
        crew.goOn();
        await crew.end();
        await crew.expectSound();
      },
    );

interface Place extends Disposable {
  readonly directory: string;
  /**
   * Whether a waiting process can be killed. Linux does not kill a process that waits for a
   * network file system until it answers.
   */
  readonly letsGo: boolean;
  /** Stops it from answering. */
  hang(): void;
  mend(): void;
}

/** Opening any existing checkpoint waits for a writer. */
function pipes(parent: string): Place {
  const directory = join(parent, "shared");
  const paths: string[] = [];
  return {
    directory,
    letsGo: true,
    hang() {
      const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
      paths.push(
        ...names
          .filter((name) => name.endsWith(".checkpoint"))
          .map((name) => join(directory, name)),
      );
      for (const path of paths) {
        renameSync(path, `${path}-kept`);
        execFileSync("mkfifo", [path]);
      }
    },
    mend() {
      for (const path of paths) {
        rmSync(path);
        renameSync(`${path}-kept`, path);
      }
    },
    [Symbol.dispose]() {},
  };
}

function hasSshfs(): boolean {
  if (process.getuid?.() !== 0 || !existsSync("/dev/fuse") || !existsSync(sftpServer))
    return false;
  return spawnSync("sshfs", ["--version"]).status === 0;
}

/** A network file system whose server is frozen. */
function sshfs(parent: string): Place {
  const directory = join(parent, "mounted");
  const [kept, command, pidFile] = [
    join(parent, "kept"),
    join(parent, "server"),
    join(parent, "pid"),
  ];
  for (const path of [directory, kept]) mkdirSync(path);
  writeFileSync(command, `#!/bin/sh\necho $$ >${pidFile}\nexec ${sftpServer}\n`, { mode: 0o755 });
  execFileSync("sshfs", ["-o", `ssh_command=${command}`, `host:${kept}`, directory]);
  const pid = Number(readFileSync(pidFile, "utf8"));
  return {
    directory,
    letsGo: false,
    hang: () => void process.kill(pid, "SIGSTOP"),
    mend: () => void process.kill(pid, "SIGCONT"),
    [Symbol.dispose]() {
      process.kill(pid, "SIGCONT");
      execFileSync("umount", ["-l", directory]);
    },
  };
}
