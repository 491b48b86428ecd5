/** Follows the guide's steps for PostgreSQL and S3 word for word. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { startMemoryS3 } from "../servers/memory-s3-server.ts";
import { startPostgres } from "../servers/postgres-server.ts";
import { s3Keys } from "../servers/s3-server.ts";
import { blocksOf, filledIn } from "./blocks.ts";

const root = new URL("../../", import.meta.url);
const home = mkdtempSync(join(tmpdir(), "clade-set-up-test-"));
const server = await startPostgres();
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});
const lack = server
  ? hasOpenSsl3()
    ? undefined
    : "OpenSSL 3, which is not installed"
  : "PostgreSQL, and there is none for this machine";
const needs = lack ? ` (needs ${lack})` : "";

test.skipIf(lack)(`PostgreSQL, from a role to a store with TLS${needs}`, async () => {
  const blocks = blocksOf("set-up.md", "PostgreSQL");
  const own = {
    SECRET: server!.password,
    "10.0.0.0/8": "127.0.0.0/8",
    "db.example:5432": `localhost:${server!.port}`,
    "@db.example/": `@localhost:${server!.port}/`,
    "db.example": "localhost",
    "/etc/clade": home,
  };
  const [sql, settings, rule, certificates, worker] = blocks.map(({ text }) =>
    filledIn(text, own),
  );
  expect(blocks.map(({ language }) => language)).toEqual(["sql", "ini", "", "bash", "bash"]);

  await asAdministrator(sql!);
  await shell(certificates!);
  const inHome = (name: string) => readFileSync(join(home, name), "utf8");
  await server!.configure(
    {
      // The first line keeps the test's own access.
      "pg_hba.conf": `host postgres all 127.0.0.1/32 scram-sha-256\n${rule}`,
      "server.crt": inHome("server.crt"),
      "server.key": inHome("server.key"),
    },
    // The server stays on this machine.
    settings!
      .replace(/^listen_addresses.*\n/, "")
      .trim()
      .split("\n")
      .map((line) => line.replace(/ = '?(.*?)'?$/, "=$1")),
  );
  expect(await shell(worker!)).toMatch(/store: can be read and written, has 0 runs/);
  const unprotected = filledIn(worker!, { "sslmode=verify-full": "sslmode=disable" });
  await expect(shell(unprotected)).rejects.toMatchObject({
    stdout: expect.stringContaining("accepts clade only with TLS"),
  });
});

test("the policy has the rights that Clade names in its errors, and no others", () => {
  const text = blocksOf("set-up.md", "S3").find(({ language }) => language === "json")!.text;
  const policy = JSON.parse(text) as { Statement: { Action: string[] }[] };
  const directory = new URL("src/checkpoint-store/s3/", root);
  const named = readdirSync(directory)
    .filter((name) => !name.endsWith(".test.ts"))
    .flatMap((name) => [
      ...readFileSync(new URL(name, directory), "utf8").matchAll(/"(s3:[A-Z]\w+)"/g),
    ])
    .map(([, action]) => action!);
  expect(policy.Statement.flatMap(({ Action }) => Action).toSorted()).toEqual(
    [...new Set(named)].toSorted(),
  );
});

test("S3, with keys in the environment and in a profile", async () => {
  await using s3 = await startMemoryS3();
  const own = {
    BUCKET: s3.bucket,
    "AWS_ACCESS_KEY_ID=KEY": `AWS_ACCESS_KEY_ID=${s3Keys.accessKeyId}`,
    "aws_access_key_id = KEY": `aws_access_key_id = ${s3Keys.accessKeyId}`,
    "ACCESS_KEY=SECRET": `ACCESS_KEY=${s3Keys.secretAccessKey}`,
    "key = SECRET": `key = ${s3Keys.secretAccessKey}`,
    "https://minio.example:9000": `http://127.0.0.1:${s3.port}`,
  };
  const block = (wanted: string) =>
    filledIn(blocksOf("set-up.md", "S3").find(({ language }) => language === wanted)!.text, own);
  const written = /checkpoints: s3:\/\/.* can be written, read, listed and deleted from/;
  expect(await shell(block("bash"))).toMatch(written);
  mkdirSync(join(home, ".aws"));
  writeFileSync(join(home, ".aws/credentials"), block("ini"));
  expect(await shell(block("bash").replace(/^export AWS_ACCESS.*\n/, ""))).toMatch(written);
});

/**
 * Runs commands for a terminal, in a new user's home. If a command fails, rejects with its output.
 */
async function shell(script: string): Promise<string> {
  const clade = fileURLToPath(new URL("bin/clade.js", root));
  const prelude = `set -e; npx() { shift; '${process.execPath}' '${clade}' "$@"; }\n`;
  const env = { PATH: process.env.PATH, HOME: home, NO_COLOR: "1" };
  const { stdout } = await promisify(execFile)("bash", ["-c", prelude + script], {
    cwd: home,
    env,
  });
  return stdout;
}

async function asAdministrator(statements: string): Promise<void> {
  const administrator = "administrator";
  const first = new pg.Client(server!.url("postgres"));
  await first.connect();
  await first.query(`CREATE ROLE ${administrator} SUPERUSER LOGIN PASSWORD '${server!.password}'`);
  await first.end();
  const client = new pg.Client(server!.url("postgres").replace("clade:", `${administrator}:`));
  await client.connect();
  // The test's server begins with a role of the name that the guide gives to another.
  await client.query("ALTER ROLE clade RENAME TO bootstrap");
  for (const statement of statements.split(";").filter((text) => text.trim() !== ""))
    await client.query(statement);
  await client.end();
}

function hasOpenSsl3(): boolean {
  try {
    return execFileSync("openssl", ["version"], { encoding: "utf8" }).startsWith("OpenSSL 3");
  } catch {
    return false;
  }
}
