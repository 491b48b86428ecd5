/** Values by column, as SQLite gives them. */
export type Row = Record<string, null | number | bigint | string | Uint8Array<ArrayBuffer>>;

export type Plain = string | number | null;
export type SqlValue = Plain | Sql;

/**
 * A statement, or a part of one, with its values kept separate. A database binds them, or writes
 * them into the text. Table names include the schema, such as `clade.runs`.
 */
export class Sql {
  /** One more than `values`, which go between them. */
  readonly parts: readonly string[];
  readonly values: readonly Plain[];

  constructor(parts: readonly string[], values: Sql["values"] = []) {
    this.parts = parts;
    this.values = values;
  }
}

export function sql(parts: TemplateStringsArray, ...values: readonly SqlValue[]): Sql {
  return assembled(parts, values);
}

/** A text from the program itself, such as the names of columns. */
export function raw(text: string): Sql {
  return new Sql([text]);
}

/** Values with commas between them. */
export function list(values: readonly SqlValue[]): Sql {
  return joined(values, ", ");
}

/** Statements that are sent together, if the database accepts several at once. */
export function together(...statements: readonly (Sql | undefined)[]): Sql {
  return joined(
    statements.filter((statement) => statement !== undefined),
    "; ",
  );
}

function joined(values: readonly SqlValue[], separator: string): Sql {
  if (values.length === 0) return raw("");
  return assembled(["", ...Array(values.length - 1).fill(separator), ""], values);
}

function assembled(parts: readonly string[], values: readonly SqlValue[]): Sql {
  const texts = [parts[0]!];
  const plain: Plain[] = [];
  const append = (text: string) => {
    texts[texts.length - 1] += text;
  };
  for (const [index, value] of values.entries()) {
    if (value instanceof Sql) {
      append(value.parts[0]!);
      texts.push(...value.parts.slice(1));
      plain.push(...value.values);
      append(parts[index + 1]!);
    } else {
      plain.push(value);
      texts.push(parts[index + 1]!);
    }
  }
  return new Sql(texts, plain);
}
