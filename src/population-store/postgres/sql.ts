import pg from "pg";

export type SqlValue = string | number | null | Sql;

/**
 * A statement whose values are in its text already, so that several can go to the server at once,
 * and through a pooler that forgets what was prepared.
 */
export class Sql {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Writes values as literals: a string is quoted, whatever it contains, but PostgreSQL keeps no NUL
 * character. Throws a `TypeError` for a number that is not finite.
 */
export function sql(parts: TemplateStringsArray, ...values: readonly SqlValue[]): Sql {
  return new Sql(
    parts.reduce((text, part, index) => `${text}${literal(values[index - 1]!)}${part}`),
  );
}

/** Values with commas between them. */
export function list(values: readonly SqlValue[]): Sql {
  return new Sql(values.map(literal).join(", "));
}

/** Statements that are sent together. Without BEGIN they are one transaction. */
export function together(...statements: readonly (Sql | undefined)[]): Sql {
  return new Sql(statements.flatMap((statement) => statement?.text ?? []).join("; "));
}

function literal(value: SqlValue): string {
  if (value === null) return "NULL";
  if (value instanceof Sql) return value.text;
  if (typeof value === "string") return pg.escapeLiteral(value);
  if (!Number.isFinite(value))
    throw new TypeError(`${value}: is no number that the database can keep here`);
  return Object.is(value, -0) ? "'-0'::float8" : String(value);
}
