/**
 * PostgreSQL's password file (https://www.postgresql.org/docs/current/libpq-pgpass.html). The
 * driver's own support is deprecated and prints warnings.
 */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { exposure } from "./private-file.ts";
import { SettingError } from "./setting-error.ts";

export interface Sought {
  readonly host: string;
  readonly port: number;
  readonly database: string | undefined;
  readonly user: string | undefined;
}

const field = String.raw`((?:\\.|[^:\\])*)`;
const entry = new RegExp(`^${field}:${field}:${field}:${field}:(.*)$`, "s");

/**
 * The password for a connection that was given none. Throws a `SettingError` that says where to
 * put one.
 */
export function passwordFromFile(sought: Sought): string {
  const file = passwordFile();
  const give = "give it in PGPASSWORD, or in the URL of CLADE_STORE";
  const wanted = `the server asks for the password of ${sought.user ?? "this user"}`;
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new SettingError(
      `${wanted}; write the line host:port:database:user:password into ${file}, or ${give}`,
    );
  const exposed = exposure(file);
  if (exposed) throw new SettingError(`${wanted}, and ${file} cannot supply it: ${exposed}`);
  const password = passwordIn(textOf(file), sought);
  if (password !== undefined) return password;
  const { host, port, database, user } = sought;
  const line = `${host}:${port}:${database}:${user}:...`;
  throw new SettingError(`${wanted}, and ${file} has no line for ${line}; add it, or ${give}`);
}

/**
 * The first line that matches decides. `*` matches everything. A backslash escapes a colon or a
 * backslash in a value.
 */
export function passwordIn(
  text: string,
  { host, port, database, user }: Sought,
): string | undefined {
  // A socket's path stands for this machine.
  const names = host.startsWith("/") ? [host, "localhost"] : [host];
  const wanted = [names, [`${port}`], [database], [user]];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const [, ...fields] = entry.exec(line)?.map((value) => value.replace(/\\(.)/g, "$1")) ?? [];
    const password = fields.pop();
    if (
      password &&
      fields.every((value, index) => value === "*" || wanted[index]!.includes(value))
    )
      return password;
  }
  return undefined;
}

function passwordFile(): string {
  const { PGPASSFILE, APPDATA } = process.env;
  if (PGPASSFILE) return PGPASSFILE;
  return process.platform === "win32" && APPDATA
    ? join(APPDATA, "postgresql", "pgpass.conf")
    : join(homedir(), ".pgpass");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingError(
      `${file}: cannot be read (${code}); let this user read it, or give PGPASSWORD`,
    );
  }
}
