/**
 * What an SQL store needs from a database, besides the hot path. The hot path is what workers do
 * in every generation (`HotPath`); each database implements it in its own way. `sql/` has
 * everything else.
 */
import type { Row, Sql } from "../../database/sql.ts";
import type { Steps } from "../../database/steps.ts";
import type { Table } from "../../database/table.ts";
import type { Failure, PopulationStore } from "../population-store.ts";

export interface Dialect {
  /** Sends a read-only statement. Resolves its rows. */
  read(statement: Sql): Promise<readonly Row[]>;
  /** Sends read-only statements, one after the other. Resolves the rows of each. */
  readEach(...statements: readonly Sql[]): Promise<readonly (readonly Row[])[]>;
  /** Like `read`, for many rows. Each row is a list of values in the order of the columns. */
  values(statement: Sql): Promise<readonly (readonly Row[string][])[]>;
  /** Sends statements as one transaction. Resolves the rows of each. */
  write(...statements: readonly Sql[]): Promise<readonly (readonly Row[])[]>;
  /**
   * Runs a transaction that depends on what it reads, and then notifies waiting workers of the
   * change. Meanwhile no other process publishes in the run, or collects.
   */
  exclusively<T>(run: number | undefined, steps: () => Steps<T>): Promise<T>;
  /** The end of a statement that reads rows which its transaction changes. */
  readonly forUpdate: Sql;
  /** The beginning of a transaction that may be lost in a crash of the database. */
  readonly forgettable: readonly Sql[];
  /** Unix time in milliseconds, by the clock that leases use. */
  clock(): Sql;
  /** Converts a time of that clock to this machine's clock, given what that clock says now. */
  local(time: number, now: number): number;
  /** Not every database can store every text. */
  readonly failures: Table<Failure>;
}

/** What workers do in every generation, and what depends on how a database locks. */
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
