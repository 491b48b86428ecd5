import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CladeError } from "clade";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Authority } from "../../../test/servers/certificates.ts";
import { startPooler } from "../../../test/servers/pooler.ts";
import {
  type PostgresServer,
  startPostgres,
  user,
} from "../../../test/servers/postgres-server.ts";
import { raw, sql } from "../sql.ts";
import { Connection } from "./connection.ts";

const server = await startPostgres();
const home = mkdtempSync(join(tmpdir(), "clade-tls-test-"));
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

const authority = new Authority("Clade's own");
const stranger = new Authority("A stranger's");
const files = {
  authority: authority.certificate,
  stranger: stranger.certificate,
  ...clientFiles("mine", authority.issue({ name: user })),
  ...clientFiles("strange", stranger.issue({ name: user })),
  text: "no certificate",
};
function clientFiles(name: string, { certificate, key }: { certificate: string; key: string }) {
  return { [`${name}.crt`]: certificate, [`${name}.key`]: key };
}

/** The rules for the database `postgres` keep the test's own way in. */
const rules = `
host      postgres   all 127.0.0.1/32 scram-sha-256
hostssl   demanding  all 127.0.0.1/32 scram-sha-256
hostssl   certified  all 127.0.0.1/32 scram-sha-256 clientcert=verify-full
hostnossl readable   all 127.0.0.1/32 scram-sha-256
`;

async function offerTls({ expired = false } = {}): Promise<void> {
  const { certificate, key } = authority.issue({ name: "db", hosts: ["localhost"], expired });
  await server!.configure(
    {
      "pg_hba.conf": rules,
      "server.crt": certificate,
      "server.key": key,
      "ca.crt": authority.certificate,
    },
    ["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "ssl_ca_file=ca.crt"],
  );
}

const file = (name: keyof typeof files | string) => join(home, name);

function url(
  database: string,
  settings: Readonly<Record<string, string>> = {},
  host = "localhost",
): string {
  const found = new URL(server!.url(database));
  found.hostname = host;
  for (const [name, value] of Object.entries(settings)) found.searchParams.set(name, value);
  return found.href;
}

/** Whether a connection has TLS, or the sentence that tells why there is none. */
async function outcome(given: string): Promise<boolean | string> {
  let connection: Connection | undefined;
  try {
    connection = new Connection(given);
    const [rows] = await connection.query(
      sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`,
    );
    return rows![0]!.ssl as unknown as boolean;
  } catch (error) {
    expect(error).toBeInstanceOf(CladeError);
    const { message } = error as CladeError;
    expect(message).toMatch(
      /^store postgres:\/\/clade@[\w.]+:\d+\/\w+(\?channel_binding=require)?: [^\n]+$/,
    );
    expect(message).not.toContain(server!.password);
    return message;
  } finally {
    await connection?.close();
  }
}

const warned = vi.spyOn(process, "emitWarning");
const wrote = vi.spyOn(process.stderr, "write");
beforeAll(() => {
  for (const name of ["HOME", "PGSSLMODE", "PGSSLROOTCERT", "PGPASSWORD"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("HOME", home);
  for (const [name, text] of Object.entries(files))
    writeFileSync(file(name), text, { mode: 0o600 });
});

describe.skipIf(!server)(`PostgreSQL with TLS${needs}`, () => {
  test("without TLS: prefer and allow connect, require says what is missing", async () => {
    expect(await outcome(url("postgres"))).toBe(false);
    expect(await outcome(url("postgres", { sslmode: "prefer" }))).toBe(false);
    expect(await outcome(url("postgres", { sslmode: "allow" }))).toBe(false);
    expect(await outcome(url("postgres", { sslmode: "require" }))).toContain(
      "sslmode=require requires TLS, and the server does not offer it; turn it on there (ssl = on",
    );
    expect(
      await outcome(url("postgres", { sslmode: "verify-full", sslrootcert: file("authority") })),
    ).toContain("sslmode=verify-full requires TLS");
  });

  describe("a server that demands it", () => {
    beforeAll(async () => {
      await offerTls();
      for (const database of ["demanding", "certified", "readable"])
        await create(server!, database);
    });

    test("accepts no mode, allow, prefer and require, and tells disable what to do", async () => {
      expect(await outcome(url("demanding"))).toBe(true);
      for (const sslmode of ["allow", "prefer", "require"])
        expect(await outcome(url("demanding", { sslmode }))).toBe(true);
      expect(await outcome(url("demanding", { sslmode: "disable" }))).toContain(
        "accepts clade only with TLS, or not at all; remove sslmode=disable",
      );
      expect(
        await outcome(url("demanding", { sslmode: "require", channel_binding: "require" })),
      ).toBe(true);
      expect(await outcome(url("readable"))).toBe(false);
      expect(await outcome(url("readable", { sslmode: "require" }))).toContain(
        "clade may not connect (no pg_hba",
      );
    });

    test("verify-ca and verify-full check the authority, verify-full also the host", async () => {
      const sslrootcert = file("authority");
      expect(await outcome(url("demanding", { sslmode: "verify-full", sslrootcert }))).toBe(true);
      expect(
        await outcome(url("demanding", { sslmode: "verify-ca", sslrootcert }, "127.0.0.1")),
      ).toBe(true);
      expect(
        await outcome(url("demanding", { sslmode: "verify-full", sslrootcert }, "127.0.0.1")),
      ).toContain(
        "the server's certificate is not for 127.0.0.1 but for DNS:localhost; use the host " +
          "name of the certificate",
      );
    });

    test("an authority that has not signed is named", async () => {
      const sslrootcert = file("stranger");
      for (const sslmode of ["verify-full", "verify-ca", "require"])
        expect(await outcome(url("demanding", { sslmode, sslrootcert }))).toContain(
          `the server's certificate is not signed by ${sslrootcert} (`,
        );
      expect(
        await outcome(url("demanding", { sslmode: "verify-full", sslrootcert: "system" })),
      ).toContain("the server's certificate is not signed by this machine's authorities (");
    });

    test("variables say the same; a default root certificate makes require verify", async () => {
      vi.stubEnv("PGSSLMODE", "verify-full");
      expect(await outcome(url("demanding"))).toContain(
        "sslmode=verify-full: needs the certificate of the authority that signed the " +
          `server's, and there is no ${home}/.postgresql/root.crt;`,
      );
      vi.stubEnv("PGSSLROOTCERT", file("authority"));
      expect(await outcome(url("demanding"))).toBe(true);
      vi.stubEnv("PGSSLMODE", "require");
      vi.stubEnv("PGSSLROOTCERT", undefined);
      mkdirSync(file(".postgresql"));
      writeFileSync(file(".postgresql/root.crt"), stranger.certificate);
      expect(await outcome(url("demanding"))).toContain(
        `not signed by ${home}/.postgresql/root.crt`,
      );
      writeFileSync(file(".postgresql/root.crt"), authority.certificate);
      expect(await outcome(url("demanding"))).toBe(true);
      rmSync(file(".postgresql"), { recursive: true });
      vi.stubEnv("PGSSLMODE", undefined);
    });

    test("a client's certificate is shown to a server that demands one", async () => {
      const shown = (sslcert: string, sslkey: string) =>
        outcome(
          url("certified", { sslmode: "require", sslcert: file(sslcert), sslkey: file(sslkey) }),
        );
      expect(await outcome(url("certified", { sslmode: "require" }))).toContain(
        "the server demands a certificate of clade; name one that it trusts in sslcert, and " +
          "its key in sslkey",
      );
      expect(await shown("mine.crt", "mine.key")).toBe(true);
      expect(await shown("strange.crt", "strange.key")).toContain(
        `the server does not accept the certificate ${file("strange.crt")} (`,
      );
      expect(await shown("mine.crt", "strange.key")).toContain(
        "does not belong to the key in sslkey",
      );
      expect(await shown("text", "mine.key")).toContain(
        "text: has no CERTIFICATE; give the path of a PEM file",
      );
      chmodSync(file("mine.key"), 0o644);
      expect(await shown("mine.crt", "mine.key")).toContain(`run: chmod 600 ${file("mine.key")}`);
      chmodSync(file("mine.key"), 0o600);
    });

    test("what is no setting is refused", async () => {
      const said = (settings: Readonly<Record<string, string>>) =>
        outcome(url("demanding", settings));
      expect(await said({ sslmode: "verify_full" })).toContain(
        "sslmode=verify_full: is not a mode; give one of",
      );
      expect(await said({ sslmode: "no-verify" })).toContain(
        "give require, which encrypts but does not verify",
      );
      expect(await said({ sslmode: "disable", channel_binding: "require" })).toContain(
        "channel_binding=require: needs TLS",
      );
      expect(await said({ sslmod: "require" })).toContain(
        "sslmod: is not a TLS setting that Clade knows",
      );
      expect(await said({ sslmode: "verify-ca", sslrootcert: "/nowhere" })).toContain(
        "sslrootcert=/nowhere: there is no such file",
      );
      expect(await said({ sslmode: "require", sslrootcert: "system" })).toContain(
        "give verify-full",
      );
    });

    test("a password file that others may read is not used, and one that fits is", async () => {
      const bare = new URL(url("demanding", { sslmode: "require" }));
      bare.password = "";
      const kept = file(".pgpass");
      expect(await outcome(bare.href)).toContain(
        "the server asks for the password of clade; write the line " +
          `host:port:database:user:password into ${kept}, or give it in PGPASSWORD`,
      );
      writeFileSync(kept, "elsewhere:*:*:*:other\n", { mode: 0o600 });
      expect(await outcome(bare.href)).toContain(
        `has no line for localhost:${server!.port}:demanding:clade:...`,
      );
      writeFileSync(kept, `localhost:*:demanding:clade:${server!.password}\n`);
      expect(await outcome(bare.href)).toBe(true);
      chmodSync(kept, 0o640);
      expect(await outcome(bare.href)).toContain(
        `others may read it (its rights are 0640), so it is not used; run: chmod 600 ${kept}`,
      );
      rmSync(kept);
    });

    test("a pooler that demands TLS gets it", async ({ skip }) => {
      const certificate = authority.issue({ name: "pooler", hosts: ["localhost"] });
      await using pooler = await startPooler(server!, 2, certificate);
      if (!pooler) return skip("needs PgBouncer, which is not installed");
      // The server tells of its own connection, the one to the pooler: what counts is that it
      // answers.
      const through = (settings: Readonly<Record<string, string>>) =>
        outcome(pooler.url(url("postgres", settings)));
      for (const sslmode of ["allow", "prefer", "require"])
        expect(await through({ sslmode })).toBeTypeOf("boolean");
      expect(await through({ sslmode: "verify-full", sslrootcert: file("authority") })).toBeTypeOf(
        "boolean",
      );
      expect(await through({ sslmode: "verify-full", sslrootcert: file("stranger") })).toContain(
        `not signed by ${file("stranger")}`,
      );
      expect(await through({ sslmode: "disable" })).toContain("accepts clade only with TLS");
    });

    test("an expired certificate after a restart is named by the modes that verify", async () => {
      await using connection = openDisposable(url("demanding", { sslmode: "require" }));
      await connection.query(sql`SELECT 1`);
      await offerTls({ expired: true });
      await connection.query(sql`SELECT 1`);
      const settings = { sslmode: "verify-full", sslrootcert: file("authority") };
      expect(await outcome(url("demanding", settings))).toContain(
        "the server's certificate has expired; renew it there",
      );
    });

    test("none of this makes the driver print warnings of its own", () => {
      expect(warned).not.toHaveBeenCalled();
      expect(wrote).not.toHaveBeenCalled();
    });
  });
});

function openDisposable(given: string) {
  const connection = new Connection(given);
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}

async function create(server: PostgresServer, database: string): Promise<void> {
  const connection = new Connection(server.url("postgres"));
  await connection.query(raw(`CREATE DATABASE ${database}`));
  await connection.close();
}
