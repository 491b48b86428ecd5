/**
 * What an SQL store needs of a database, besides the hot path: what workers do in every generation
 * (`HotPath`), which each database does in its own way. `sql/` has everything else.
 */
import type { Failure, PopulationStore } from "../population-store.ts";
import type { Row } from "../rows.ts";
import type { Sql } from "./sql.ts";

export interface Dialect {
  /** Sends statements that only read, one after the other. Resolves the rows of each. */
  read(...statements: readonly Sql[]): Promise<readonly (readonly Row[])[]>;
  /** As `read`, for many rows: their values in the order of the columns. */
  values(statement: Sql): Promise<readonly (readonly Row[string][])[]>;
  /** Sends statements of which all hold or none. Resolves the rows of each. */
  write(...statements: readonly Sql[]): Promise<readonly (readonly Row[])[]>;
  /**
   * Runs a transaction that goes on from what it reads, and then tells those who wait that
   * something has changed. Meanwhile nobody else publishes in the run, or collects.
   */
  exclusively<T>(run: number | undefined, steps: () => Steps<T>): Promise<T>;
  /** Ends a statement that reads rows which its transaction changes. */
  readonly forUpdate: Sql;
  /** Begins what need not outlive a crash of the database. */
  readonly forgettable: readonly Sql[];
  /** Unix time in milliseconds, by the clock that decides about leases. */
  clock(): Sql;
  /** A time of that clock by the clock of this machine, given what the former says now. */
  local(time: number, now: number): number;
  /** A failure as it is kept, where the database cannot keep every text, and back. */
  storable(failure: Failure): Failure;
  failureOf(row: Row): Failure;
}

/** What workers do in every generation, and what comes with the way a database locks. */
export type HotPath = Pick<
  PopulationStore,
  | "claimMember"
  | "renewLease"
  | "begin"
  | "publish"
  | "reserveCheckpoint"
  | "collect"
  | "mark"
  | "waitForChange"
  | typeof Symbol.asyncDispose
>;

/**
 * A transaction as a generator: it yields statements that may be sent together, and gets the rows
 * of each. So the same steps run at once in this process, or message by message in a server.
 */
export type Steps<T> = Generator<readonly Sql[], T, readonly (readonly Row[])[]>;

export function* all(statement: Sql): Steps<readonly Row[]> {
  const [rows] = yield [statement];
  return rows!;
}

export function* get(statement: Sql): Steps<Row | undefined> {
  const [row] = yield* all(statement);
  return row;
}
