/**
 * What errors of PostgreSQL, its driver, TLS and the network mean: whether they are temporary, and
 * what a user can do about them.
 */
import { CladeError } from "../../algorithm/clade-error.ts";
import { SettingError } from "./setting-error.ts";
import type { Tls } from "./tls.ts";

interface Failure {
  readonly code?: string;
  readonly message: string;
  /** PostgreSQL's own errors have one. */
  readonly severity?: string;
  /** The server's certificate, if it has the wrong name. */
  readonly cert?: {
    readonly subjectaltname?: string;
    readonly subject?: { readonly CN?: string };
  };
}

/** What a connection connects to, with the defaults of the environment. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly database: string | undefined;
}

export interface Circumstances {
  readonly shown: string;
  readonly endpoint: Endpoint;
  readonly tls: Tls;
  readonly wasReached: boolean;
}

/**
 * Errors of a server that is temporarily unable to continue: shutdown, recovery, no free
 * connection, a deadlock, or a frozen transaction that it ended.
 */
const passingCodes = new Set([
  "57P01",
  "57P02",
  "57P03",
  "57P05",
  "53300",
  "40001",
  "40P01",
  "25P03",
]);
const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);
/** Messages of `pg`. The last one means that the server cannot even start a process. */
const networkWords = new RegExp(
  "^(Connection terminated|timeout expired|timeout exceeded|Query read timeout|Client has|" +
    "There was an error establishing an SSL)",
);
const silence = /timeout/i;

const offersNone = "The server does not support SSL connections";
/** What PostgreSQL and PgBouncer say to a connection without TLS. */
const demandsTls = /no encryption|^SSL required/;
const notAllowed = "28000";
const nameCertificate = "name one that it trusts in sslcert, and its key in sslkey";
/**
 * Errors that the store handles itself: those that the database's functions raise
 * (`functions.ts`), and a duplicate value in a unique index.
 */
const forTheStore = new Set(["CLADE", "23505"]);

export function mayPass(error: unknown): boolean {
  const { code = "", message } = error as Failure;
  const isRefusal = code.startsWith("08") && code !== "08P01";
  return (
    passingCodes.has(code) || networkCodes.has(code) || isRefusal || networkWords.test(message)
  );
}

/** Whether the outcome may depend on TLS, so that the other kind of connection is worth a try. */
export function dependsOnTls(error: unknown): boolean {
  const { code = "", message } = error as Failure;
  return (
    code === notAllowed || message === offersNone || isOfTls(code) || demandsTls.test(message)
  );
}

/**
 * An error of the server, of TLS or of the network as a sentence with its remedy. Any other error
 * is returned unchanged.
 */
export function explained(error: unknown, circumstances: Circumstances): unknown {
  const { shown, wasReached } = circumstances;
  const { code = "", message, severity } = error as Failure;
  const sentence = (words: string) => new CladeError(`store ${shown}: ${words}`, { cause: error });
  if (error instanceof SettingError) return sentence(message);
  const remedy =
    ofTls(error as Failure, circumstances) ?? remedyFor(error as Failure, circumstances);
  if (remedy) return sentence(remedy);
  if (mayPass(error)) {
    const then = wasReached ? ", then resume the run" : "";
    return sentence(
      `cannot be reached (${message || code}); ` +
        `${networkRemedy(code, message, circumstances)}${then}`,
    );
  }
  if (severity === undefined || forTheStore.has(code)) return error;
  return sentence(`the server refused (${message}, ${code}); see its log`);
}

/** The remedy if the server gave no answer, or only "not now". */
function networkRemedy(
  code: string,
  message: string,
  { endpoint: { host, port } }: Circumstances,
): string {
  const remedies: Readonly<Record<string, string>> = {
    ENOTFOUND: `the host ${host} is unknown; correct it in the URL`,
    EAI_AGAIN: "host names cannot be resolved; check the network",
    ECONNREFUSED:
      `nothing listens on port ${port} of ${host}; check both, and that PostgreSQL runs ` +
      "on the server and listens on that address (listen_addresses)",
    ENOENT:
      "check that PostgreSQL runs on this machine, and where its socket is " +
      "(unix_socket_directories)",
    "53300": "raise max_connections on the server, or put PgBouncer in front of it",
    "57P03": "wait until the server is up; if it stays down, see its log",
  };
  return (
    remedies[code] ??
    (silence.test(message)
      ? `nothing answers on port ${port} of ${host}; check both, and any firewall in between`
      : "check host, port and network")
  );
}

/** Remedies for PostgreSQL's codes that a user can act on. */
function remedyFor(
  { code = "", message }: Failure,
  { endpoint, tls }: Circumstances,
): string | undefined {
  const { user = "this user", database = user } = endpoint;
  const remedies: Readonly<Record<string, string>> = {
    "28P01":
      `the password of ${user} is wrong; correct it in the URL, in PGPASSWORD or in ` +
      "~/.pgpass",
    [notAllowed]:
      `${user} may not connect (${message}); allow it in pg_hba.conf on the server, or give ` +
      "another user",
    "3D000": `the database ${database} does not exist; create it with: createdb ${database}`,
    "42501":
      "this user lacks a privilege; let it create a schema in the database, or create " +
      "functions in the schema clade and use its tables",
    "25006": "the server is read-only, like a standby; give the URL of the primary",
    "53100": "the server's disk is full; free some space there, then resume the run",
    "53200": "the server is out of memory; see its log, then resume the run",
  };
  if (code === notAllowed && message.includes("client certificate")) {
    const { clientCertificate: given } = tls;
    const refused = given ? `, and it does not accept ${given}` : "";
    return `the server demands a certificate of ${user}${refused}; ${nameCertificate}`;
  }
  if (tls.mode === "disable" && demandsTls.test(message))
    return (
      `the server accepts ${user} only with TLS, or not at all; remove sslmode=disable, ` +
      "or give sslmode=verify-full"
    );
  return remedies[code];
}

function isOfTls(code: string): boolean {
  return /^ERR_(SSL|TLS)_|CERT|^UNABLE_TO_|^EPROTO$|CRL/.test(code);
}

function ofTls(
  { code = "", message, cert }: Failure,
  { endpoint, tls }: Circumstances,
): string | undefined {
  const { host } = endpoint;
  const { mode, authority, clientCertificate } = tls;
  if (message === offersNone)
    return (
      `sslmode=${mode} requires TLS, and the server does not offer it; turn it on there (ssl = ` +
      "on, or client_tls_sslmode of PgBouncer). sslmode=disable connects without TLS, and then " +
      "anyone on the network can read and change the data"
    );
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return (
      `the server's certificate is not for ${host} but for ` +
      `${cert?.subjectaltname ?? cert?.subject?.CN}; use the host name of the certificate. ` +
      `sslmode=verify-ca accepts any certificate of ${authority}, whatever its name`
    );
  if (code === "CERT_HAS_EXPIRED")
    return (
      "the server's certificate has expired; renew it there (or set this machine's clock " +
      "right)"
    );
  if (code === "CERT_NOT_YET_VALID")
    return (
      "the server's certificate is not valid yet; set this machine's clock right, or check " +
      "the certificate"
    );
  if (
    /ALERT_(UNKNOWN_CA|BAD_CERT|CERTIFICATE|UNSUPPORTED_CERT)|TLSV13_ALERT_CERTIFICATE/.test(code)
  )
    return clientCertificate
      ? `the server does not accept the certificate ${clientCertificate} (${code}); ` +
          nameCertificate
      : `the server demands a certificate of this client; ${nameCertificate}`;
  if (/CERT|^UNABLE_TO_/.test(code))
    return (
      `the server's certificate is not signed by ${authority} (${code}); give in sslrootcert ` +
      "the certificate of the authority that signed it (or the server's own, if it is " +
      "self-signed); ask the server's operator for it"
    );
  if (isOfTls(code))
    return (
      `a TLS connection could not be established (${message}); see the server's log and its ` +
      "ssl_ settings"
    );
  return undefined;
}
