/**
 * PgBouncer in front of a PostgreSQL server, in transaction mode: every transaction may get
 * another connection.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./certificates.ts";
import { freePort, listens } from "./ports.ts";
import { type SharedServer, unprivileged, user } from "./postgres-server.ts";

export interface Pooler extends AsyncDisposable {
  /** The URL of a database of the server, through the pooler. */
  url(direct: string): string;
}

/**
 * Undefined where PgBouncer is not installed. `connections` are those to the server, for each
 * database. With a certificate it demands TLS.
 */
export async function startPooler(
  server: SharedServer,
  connections: number,
  tls?: Certificate,
): Promise<Pooler | undefined> {
  if (!isInstalled()) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "clade-pooler-"));
  const port = await freePort();
  const settings = join(directory, "pgbouncer.ini");
  const password = server.password.replaceAll("'", "''");
  writeFileSync(
    settings,
    `[databases]
* = host=127.0.0.1 port=${server.port} user=${user} password='${password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 2000
`,
  );
  const paths = [directory, settings];
  if (tls) {
    const [certificate, key] = [join(directory, "tls.crt"), join(directory, "tls.key")];
    writeFileSync(certificate, tls.certificate);
    writeFileSync(key, tls.key);
    appendFileSync(
      settings,
      `client_tls_sslmode = require\nclient_tls_cert_file = ${certificate}\n` +
        `client_tls_key_file = ${key}\n`,
    );
    paths.push(certificate, key);
  }
  const owner = unprivileged();
  if (owner) for (const path of paths) chownSync(path, owner.uid, owner.gid);
  const child = spawn("pgbouncer", ["-q", settings], {
    ...owner,
    cwd: directory,
    stdio: "ignore",
  });
  await listens(port);
  return {
    url: (direct) => direct.replace(`:${server.port}/`, `:${port}/`),
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}

function isInstalled(): boolean {
  try {
    execFileSync("pgbouncer", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
