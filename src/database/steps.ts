/**
 * A transaction as a generator. It yields statements that may be sent together, and gets the rows
 * of each. So the same steps run at once in this process, or message by message on a server.
 */
import type { Row, Sql } from "./sql.ts";

export type Steps<T> = Generator<readonly Sql[], T, readonly (readonly Row[])[]>;

export function* all(statement: Sql): Steps<readonly Row[]> {
  const [rows] = yield [statement];
  return rows!;
}

export function* get(statement: Sql): Steps<Row | undefined> {
  const [row] = yield* all(statement);
  return row;
}
