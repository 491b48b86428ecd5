/**
 * TLS as libpq defines it (https://www.postgresql.org/docs/current/libpq-ssl.html): what `sslmode`
 * and the related settings ask for, in the URL or in the environment. The driver interprets them
 * differently (its `require` verifies) and warns that this will change. So it gets the resulting
 * options, never the settings themselves.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  type ConnectionOptions,
  createSecureContext,
  getCACertificates,
  rootCertificates,
  type SecureContextOptions,
} from "node:tls";
import { exposure } from "./private-file.ts";
import { SettingError } from "./setting-error.ts";

const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
type SslMode = (typeof modes)[number];

export interface Tls {
  readonly mode: SslMode;
  /**
   * Whether the first attempt uses TLS. With `allow` and `prefer` the other kind is tried next.
   */
  readonly begins: boolean;
  /** Undefined if no connection ever uses TLS. */
  readonly options: ConnectionOptions | undefined;
  readonly negotiation: "postgres" | "direct";
  /** Whose signature the server's certificate needs, for messages. */
  readonly authority: string;
  readonly clientCertificate: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const variables: Readonly<Record<string, string>> = {
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslnegotiation: "PGSSLNEGOTIATION",
};
/** `ssl=true` is JDBC's way to say `sslmode=require`; libpq accepts it, too. */
const names = [...Object.keys(variables), "sslpassword", "ssl"];

/** What a URL and the environment say about TLS. Throws `SettingError`. */
export function tlsOf(url: URL, isSocket: boolean, environment: Environment = process.env): Tls {
  const unknown = [...url.searchParams.keys()].find(
    (name) => isOfTls(name) && !names.includes(name),
  );
  if (unknown !== undefined)
    throw new SettingError(
      `${unknown}: is not a TLS setting that Clade knows; it knows ${names.join(", ")}`,
    );
  const given = (name: string) =>
    url.searchParams.get(name) || environment[variables[name] ?? ""] || undefined;

  const negotiation = given("sslnegotiation") ?? "postgres";
  if (negotiation !== "postgres" && negotiation !== "direct")
    throw new SettingError(`sslnegotiation=${negotiation}: is not valid; give postgres or direct`);
  const rootFile = given("sslrootcert");
  const mode = modeOf(given("sslmode") ?? aliased(url.searchParams.get("ssl")), rootFile);
  if (negotiation === "direct" && ["disable", "allow", "prefer"].includes(mode))
    throw new SettingError(
      `sslnegotiation=direct: needs sslmode=require, verify-ca or verify-full, not ${mode}`,
    );
  // libpq ignores TLS settings for Unix sockets.
  const nothing = {
    negotiation: "postgres",
    authority: "",
    clientCertificate: undefined,
  } as const;
  if (mode === "disable" || isSocket)
    return { mode: "disable", begins: false, options: undefined, ...nothing };

  const root = rootOf(mode, rootFile);
  const client = clientOf(given("sslcert"), given("sslkey"), url.searchParams.get("sslpassword"));
  return {
    mode,
    begins: mode !== "allow",
    negotiation,
    authority: root?.name ?? "",
    clientCertificate: client.name,
    options: {
      secureContext: contextOf(
        { ...client.files, ...(root && { ca: root.certificates }) },
        client.name,
      ),
      rejectUnauthorized: root !== undefined,
      ...(mode !== "verify-full" && { checkServerIdentity: () => undefined }),
    },
  };
}

/** A URL without what it says about TLS. */
export function withoutTls(url: URL): string {
  const stripped = new URL(url);
  for (const name of url.searchParams.keys())
    if (isOfTls(name)) stripped.searchParams.delete(name);
  return stripped.href;
}

const isOfTls = (name: string) => /^ssl/i.test(name);

function aliased(ssl: string | null): string | undefined {
  if (ssl === null) return undefined;
  if (ssl === "true" || ssl === "1") return "require";
  if (ssl === "false" || ssl === "0") return "disable";
  throw new SettingError(`ssl=${ssl}: is neither true nor false; use sslmode instead`);
}

function modeOf(given: string | undefined, rootFile: string | undefined): SslMode {
  const ofSystem = rootFile === "system";
  const mode = given ?? (ofSystem ? "verify-full" : "prefer");
  if (mode === "no-verify")
    throw new SettingError(
      "sslmode=no-verify: is not a mode of PostgreSQL; give require, which encrypts but does " +
        "not verify the server",
    );
  if (!isMode(mode))
    throw new SettingError(
      `sslmode=${mode}: is not a mode; ` +
        `give one of ${modes.join(", ")} (verify-full is the safest)`,
    );
  if (ofSystem && mode !== "verify-full")
    throw new SettingError(
      `sslmode=${mode}: with sslrootcert=system anybody's certificate would do; give verify-full`,
    );
  return mode;
}

function isMode(mode: string): mode is SslMode {
  return (modes as readonly string[]).includes(mode);
}

/**
 * The authorities that the server's certificate is checked against; undefined if it is not
 * checked.
 */
function rootOf(mode: SslMode, given: string | undefined) {
  if (given === "system") {
    const system = getCACertificates("system");
    // Minimal images have no certificates.
    return {
      name: "this machine's authorities",
      certificates: system.length > 0 ? system : [...rootCertificates],
    };
  }
  const isVerifying = mode === "verify-ca" || mode === "verify-full";
  const file = given ?? libpqFile("root.crt");
  if (!given && !existsSync(file)) {
    if (!isVerifying) return undefined;
    throw new SettingError(
      `sslmode=${mode}: needs the certificate of the authority that signed the server's, ` +
        `and there is no ${file}; put it there, name its file in sslrootcert, or give ` +
        "sslrootcert=system for a public authority",
    );
  }
  if (!isVerifying && mode !== "require") return undefined;
  return { name: file, certificates: pem("sslrootcert", file, "CERTIFICATE") };
}

/** The certificate that identifies this client to the server, if there is one. */
function clientOf(
  givenCertificate: string | undefined,
  givenKey: string | undefined,
  phrase: string | null,
) {
  const certificate = givenCertificate ?? libpqFile("postgresql.crt");
  if (!givenCertificate && !existsSync(certificate)) return { name: undefined, files: {} };
  const key = givenKey ?? libpqFile("postgresql.key");
  const files = {
    cert: pem("sslcert", certificate, "CERTIFICATE"),
    key: pem("sslkey", key, "PRIVATE KEY"),
    ...(phrase !== null && { passphrase: phrase }),
  };
  const exposed = exposure(key, true);
  if (exposed) throw new SettingError(`sslkey=${key}: ${exposed}`);
  return { name: certificate, files };
}

function libpqFile(name: string): string {
  const { APPDATA } = process.env;
  return process.platform === "win32" && APPDATA
    ? join(APPDATA, "postgresql", name)
    : join(homedir(), ".postgresql", name);
}

function pem(setting: string, file: string, kind: string): string {
  const wrong = (rule: string) =>
    new SettingError(`${setting}=${file}: ${rule}; give the path of a PEM file with a ${kind}`);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw wrong("there is no such file");
  if (found.isDirectory()) throw wrong("is a directory");
  const text = read(file, wrong);
  if (!new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(text)) throw wrong(`has no ${kind}`);
  return text;
}

function read(file: string, wrong: (rule: string) => Error): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function contextOf(files: SecureContextOptions, certificate: string | undefined) {
  try {
    return createSecureContext(files);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH")
      throw new SettingError(
        `sslcert=${certificate}: does not belong to the key in sslkey; give its own`,
      );
    if (/BAD_DECRYPT|PASSPHRASE|INTERRUPTED_OR_CANCELLED/.test(code ?? ""))
      throw new SettingError(
        `sslcert=${certificate}: its key is encrypted, and sslpassword does not decrypt it; ` +
          "give the right one",
      );
    throw new SettingError(
      `sslrootcert, sslcert or sslkey: cannot be used (${message}); correct the file`,
    );
  }
}
