/**
 * Values as rows of a table. Each field of a value has a column, and a kind that says how the
 * column holds it. NULL stands for a field that is absent.
 */
import { list, type Plain, type Row, raw, type Sql, type SqlValue, sql } from "./sql.ts";

export interface Kind {
  /** Returns undefined for a field that is absent. Throws if the column cannot be read. */
  readonly read: (value: Row[string], row: Row) => unknown;
  readonly write: (value: unknown) => Plain;
  /** Otherwise the column is named like the field, in snake_case. */
  readonly column?: string;
}

export const plain: Kind = {
  read: (value) => value ?? undefined,
  write: (value) => (value ?? null) as Plain,
};
/** A number, text or null, where null is a value. */
export const nullable: Kind = { ...plain, read: (value) => value };
export const flag: Kind = { read: (value) => value === 1, write: Number };
/** The JSON of an object or a list. */
export const json = jsonOf("object");
export const jsonText = jsonOf("string");
/** JSON has no NaN or infinity, so a number that is not finite is null, and read as NaN. */
export const jsonWithNaN = jsonOf("object", (_key, value) => value ?? Number.NaN);

function jsonOf(
  type: "object" | "string",
  reviver?: (key: string, value: unknown) => unknown,
): Kind {
  return {
    read(text) {
      const value: unknown = text === "{}" ? {} : JSON.parse(text as string, reviver);
      if (typeof value === type && value !== null) return value;
      throw new TypeError(`is not the JSON of a ${type}`);
    },
    write: (value) => JSON.stringify(value),
  };
}

export function optional(kind: Kind): Kind {
  return {
    ...kind,
    read: (value, row) => (value === null ? undefined : kind.read(value, row)),
    write: (value) => (value === undefined ? null : kind.write(value)),
  };
}

export interface Table<T> {
  readonly columns: readonly string[];
  /** Throws the table's error if a column cannot be read. */
  read(row: Row): T;
  readField<F extends keyof T>(field: F, row: Row): T[F];
  /** In the order of the columns. */
  values(value: T): Plain[];
  /** A statement that inserts a value and other columns. */
  insert(value: T, others: Readonly<Record<string, SqlValue>>): Sql;
  /** For an update, the columns that differ. */
  changes(before: T, after: T): Sql[];
}

/** `unreadable` makes the error that says which row cannot be read. */
export function table<T extends object>(
  name: string,
  kinds: { readonly [field in keyof T]-?: Kind },
  unreadable: (row: Row, column: string, cause: unknown) => Error,
): Table<T> {
  const fields = Object.entries<Kind>(kinds).map(([field, kind]) => ({
    field: field as keyof T,
    column: kind.column ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    kind,
  }));
  const byName = new Map(fields.map((field) => [field.field, field]));
  const columns = fields.map(({ column }) => column);

  function fieldOf({ column, kind }: (typeof fields)[number], row: Row): unknown {
    try {
      return kind.read(row[column]!, row);
    } catch (cause) {
      throw unreadable(row, column, cause);
    }
  }
  function values(value: T): Plain[] {
    return fields.map(({ field, kind }) => kind.write(value[field]));
  }

  return {
    columns,
    read(row) {
      const value: Partial<T> = {};
      for (const field of fields) {
        const found = fieldOf(field, row);
        if (found !== undefined) value[field.field] = found as T[keyof T];
      }
      return value as T;
    },
    readField: (field, row) => fieldOf(byName.get(field)!, row) as T[typeof field],
    values,
    insert(value, others) {
      const names = raw([...columns, ...Object.keys(others)].join(", "));
      const all = list([...values(value), ...Object.values(others)]);
      return sql`INSERT INTO clade.${raw(name)} (${names}) VALUES (${all})`;
    },
    changes: (before, after) =>
      fields
        .filter(({ field }) => after[field] !== before[field])
        .map(({ field, column, kind }) => sql`${raw(column)} = ${kind.write(after[field])}`),
  };
}
