import pg from "pg";
import type { Sql } from "../sql.ts";

/**
 * A statement with its values written as literals. So several can be sent at once, and through a
 * pooler that does not keep prepared statements. A string is quoted, whatever it contains, but
 * PostgreSQL cannot store a NUL character. Throws a `TypeError` for a number that is not finite.
 */
export function textOf({ parts, values }: Sql): string {
  return parts.reduce((text, part, index) => `${text}${literal(values[index - 1]!)}${part}`);
}

function literal(value: string | number | null): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return pg.escapeLiteral(value);
  if (!Number.isFinite(value))
    throw new TypeError(`${value}: is not a number that the database can keep here`);
  return Object.is(value, -0) ? "'-0'::float8" : String(value);
}
