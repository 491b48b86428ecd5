/**
 * The URL of a PostgreSQL database. A malformed URL may have its password anywhere, so no part of
 * it is shown. It is rejected before any part is used as a host or a database.
 */
import { CladeError } from "../../algorithm/clade-error.ts";

const remedy =
  "write it as postgres://user@host:5432/database, and special characters of the " +
  "password percent-encoded, such as / as %2F";
/** The characters of an intended user name. */
const plainUser = /^[\p{L}\p{N}_.$@+-]*$/u;
/** Parameters that say where a server is, and hold no secret. */
const shownParameters = ["host", "port"];

/** Throws a `CladeError` that shows nothing of the URL. */
export function postgresUrl(text: string): URL {
  const invalid = (rule: string) => new CladeError(`store postgres://...: ${rule}; ${remedy}`);
  if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(text)) throw invalid("is not a URL");
  if ((/^[^:]*:\/\/([^/?#]*)/.exec(text)?.[1]?.split("@").length ?? 0) > 2)
    throw invalid("has more than one @");
  const url = new URL(text);
  const afterHost = `${url.pathname}${url.search}${url.hash}`;
  if (afterHost.includes("@")) throw invalid("has an @ after its host");
  if (url.hash !== "") throw invalid("has a # in it");
  const parts = [url.username, url.password, url.pathname].map(decoded);
  if (parts.includes(undefined)) throw invalid("has a % that does not encode a character");
  if (!plainUser.test(parts[0]!)) throw invalid("has characters that a user name cannot have");
  return url;
}

/** The parts that may be shown: user, host and database. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.password = "";
  shown.search = "";
  for (const name of shownParameters) {
    const value = url.searchParams.get(name);
    if (value !== null && /^[\w./-]*$/.test(value)) shown.searchParams.set(name, value);
  }
  return shown.href.replaceAll("%2F", "/");
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
