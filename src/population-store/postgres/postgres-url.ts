/**
 * The URL of a PostgreSQL database. One that is not well-formed may have its password anywhere, so
 * nothing of it is shown, and it is refused before any part of it is taken for a host or a
 * database.
 */
import { CladeError } from "../../algorithm/clade-error.ts";

const remedy =
  "write it as postgres://user@host:5432/database, and special characters of a password as " +
  "%2F and the like";
/** What a name of a user has that was meant as one. */
const plainUser = /^[\p{L}\p{N}_.$@+-]*$/u;
/** What tells where a server is, and no secret. */
const shownParameters = ["host", "port"];

/** Throws a `CladeError` that shows nothing of the URL. */
export function postgresUrl(text: string): URL {
  const refuse = (rule: string) => new CladeError(`store postgres://...: ${rule}; ${remedy}`);
  if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(text)) throw refuse("is no URL");
  if ((/^[^:]*:\/\/([^/?#]*)/.exec(text)?.[1]?.split("@").length ?? 0) > 2)
    throw refuse("has more than one @");
  const url = new URL(text);
  const afterHost = `${url.pathname}${url.search}${url.hash}`;
  if (afterHost.includes("@")) throw refuse("has an @ after its host");
  if (url.hash !== "") throw refuse("has a # in it");
  const parts = [url.username, url.password, url.pathname].map(decoded);
  if (parts.includes(undefined)) throw refuse("has a % that stands for no character");
  if (!plainUser.test(parts[0]!)) throw refuse("has signs in its user that no user has");
  return url;
}

/** What may be shown of it: user, host and database. */
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
