import { CladeError } from "../../algorithm/clade-error.ts";
import { raw, sql, together } from "../sql.ts";
import { StoreVersionError } from "../store-version-error.ts";
import type { Connection } from "./connection.ts";

const oldestServer = 13;

/** "Clad" in ASCII. The process that migrates the schema holds this lock. */
const migrationLock = 0x436c6164;

/** What this version of Clade needs of a database. */
export interface Schema {
  readonly steps: readonly string[];
  /** Creates this version's functions. They are always created together. */
  readonly functions: string;
  /** The name of one of them, which stands for all. */
  readonly aFunction: string;
}

/**
 * Migrates a database to this version and installs this version's functions, once, however many
 * workers start together. Throws `StoreVersionError` before anything is changed.
 */
export async function migrate(connection: Connection, schema: Schema): Promise<void> {
  const { steps, functions, aFunction } = schema;
  const hasFunctions = sql`(to_regproc(${aFunction}) IS NOT NULL)::integer AS has_functions`;
  const [[server], [found]] = (await connection.query(
    together(
      sql`SELECT current_setting('server_version_num')::integer / 10000 AS version,
        current_setting('server_encoding') AS encoding`,
      sql`SELECT to_regclass('clade.version')::text AS version, ${hasFunctions}`,
    ),
  )) as [
    [{ version: number; encoding: string }],
    [{ version: string | null; has_functions: number }],
  ];
  if (server.version < oldestServer)
    throw new CladeError(
      `store ${connection.shown}: is PostgreSQL ${server.version}; Clade needs ` +
        `${oldestServer} or later`,
    );
  if (server.encoding !== "UTF8")
    throw new CladeError(
      `store ${connection.shown}: the database has the encoding ${server.encoding}, which ` +
        "lacks characters that names and messages may have; give another, made with: createdb " +
        "--encoding UTF8 --template template0 clade",
    );
  const isThere =
    found.version !== null && (await versionOf(connection, steps.length)) === steps.length;
  if (isThere && found.has_functions === 1) return;
  await connection.transaction(
    sql`SELECT pg_advisory_xact_lock(${migrationLock})`,
    async (_, query) => {
      const [, , [row], [now]] = (await query(
        together(
          sql`CREATE SCHEMA IF NOT EXISTS clade`,
          sql`CREATE TABLE IF NOT EXISTS clade.version (version integer NOT NULL)`,
          sql`SELECT version FROM clade.version`,
          sql`SELECT ${hasFunctions}`,
        ),
      )) as [[], [], [{ version: number }?], [{ has_functions: number }]];
      const version = row?.version ?? 0;
      for (const step of steps.slice(version)) await query(raw(step));
      if (now.has_functions === 0) await query(raw(functions));
      await query(
        together(
          sql`DELETE FROM clade.version`,
          sql`INSERT INTO clade.version VALUES (${Math.max(version, steps.length)})`,
          sql`COMMIT`,
        ),
      );
    },
  );
}

async function versionOf(connection: Connection, known: number): Promise<number> {
  const [rows] = await connection.query(sql`SELECT version FROM clade.version`);
  const version = (rows![0]?.version as number | undefined) ?? 0;
  if (version <= known) return version;
  throw new StoreVersionError(
    `store ${connection.shown}: has version ${version}, this Clade reads up to ${known}; ` +
      "update Clade or give another database",
  );
}
