/// <reference lib="dom" />
/** How a browser's IndexedDB keeps runs: what is read of it, and what is written. */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";
import type { Decision } from "../../algorithm/population-based-training.ts";
import type { Snapshot } from "../../algorithm/snapshot.ts";
import { openIndexedDb } from "../../database/indexed-db/open.ts";
import type { StoredMember } from "../member-lifecycle.ts";
import { type Publishing, RunRecord } from "../memory/run-record.ts";
import { beginning, type Cursor, type Failure, type Run } from "../population-store.ts";

/** What a row of a run has besides its lists. */
type Facts = Pick<RunRecord, "run" | "steps" | "workedUntil" | "pins" | "notes" | "workers"> &
  Pick<RunRecord, "collected">;

interface RunRow extends Facts {
  readonly members: number;
  /** Differs for each run, also for one that was created under the id of a removed one. */
  readonly birth: number;
  /** Differs after every change. */
  readonly mark: number;
}

interface MemberRow {
  readonly now: StoredMember;
  readonly hasFailed: boolean;
}

/** A row of a list is found by its run and its place in the list. */
type Place = [run: string, index: number];

interface Tables extends DBSchema {
  runs: { key: string; value: RunRow };
  members: { key: Place; value: MemberRow };
  snapshots: { key: Place; value: { snapshot: Snapshot; publishing: Publishing } };
  decisions: { key: Place; value: Decision };
  failures: { key: Place; value: Failure };
}

export type Database = IDBPDatabase<Tables>;

const lists = ["members", "snapshots", "decisions", "failures"] as const;
const tables = ["runs", ...lists] as const;

export type Transaction<Mode extends IDBTransactionMode = IDBTransactionMode> = IDBPTransaction<
  Tables,
  typeof tables,
  Mode
>;

export function openDatabase(name: string): Promise<Database> {
  return openIndexedDb<Tables>(name, tables);
}

export function begin<Mode extends "readonly" | "readwrite">(
  database: Database,
  mode: Mode,
): Transaction<Mode> {
  return database.transaction(tables, mode);
}

/** A run's record in this page, and what of it is stored. */
export class Replica {
  readonly record: RunRecord;
  readonly #birth: number;
  #mark: number | undefined;
  #members: readonly MemberRow[] = [];
  #stored = beginning;

  constructor(record: RunRecord, birth = Math.random()) {
    this.record = record;
    this.#birth = birth;
  }

  /** The run as it is stored; undefined if it is not. */
  static async load(
    transaction: Transaction,
    id: string,
    known: Replica | undefined,
  ): Promise<Replica | undefined> {
    const row = await transaction.objectStore("runs").get(id);
    if (!row) return undefined;
    if (known && known.#mark === row.mark) return known;
    const isKnown = known !== undefined && known.#birth === row.birth;
    const replica = isKnown ? known : new Replica(new RunRecord(row.run, row.members), row.birth);
    await replica.#catchUp(transaction, row);
    return replica;
  }

  async #catchUp(transaction: Transaction, { birth, members, mark, ...facts }: RunRow) {
    const { id } = facts.run;
    const after = (index: number) => IDBKeyRange.bound([id, index], [id, Infinity]);
    const { snapshots, decisions, failures } = this.#stored;
    const rows = await Promise.all([
      transaction.objectStore("members").getAll(after(0)),
      transaction.objectStore("snapshots").getAll(after(snapshots)),
      transaction.objectStore("decisions").getAll(after(decisions)),
      transaction.objectStore("failures").getAll(after(failures)),
    ]);
    const { record } = this;
    Object.assign(record, facts);
    for (const { snapshot, publishing } of rows[1]) record.append(snapshot, publishing);
    record.decisions.push(...rows[2]);
    record.failures.push(...rows[3]);
    for (const [index, { now, hasFailed }] of rows[0].entries()) {
      record.advance(index, now);
      record.members[index]!.hasFailed = hasFailed;
    }
    this.#isStored(mark);
  }

  /** Writes what differs from what is stored. */
  async save(transaction: Transaction<"readwrite">): Promise<void> {
    const { run, steps, workedUntil, pins, notes, workers, collected } = this.record;
    const { members, snapshots, publications, decisions, failures } = this.record;
    const facts: Facts = { run, steps, workedUntil, pins, notes, workers, collected };
    const mark = Math.random();
    const row: RunRow = { ...facts, members: members.length, birth: this.#birth, mark };
    const memberTable = transaction.objectStore("members");
    const { snapshots: known, decisions: decided, failures: failed } = this.#stored;
    const published = snapshots.slice(known).map((snapshot, index) => ({
      snapshot,
      publishing: publications[known + index]!,
    }));
    const written = [
      transaction.objectStore("runs").put(row, run.id),
      ...members.flatMap(({ now, hasFailed }, index) => {
        const before = this.#members[index];
        if (before?.now === now && before.hasFailed === hasFailed) return [];
        return memberTable.put({ now, hasFailed }, [run.id, index]);
      }),
      ...this.#appended(transaction, "snapshots", published),
      ...this.#appended(transaction, "decisions", decisions.slice(decided)),
      ...this.#appended(transaction, "failures", failures.slice(failed)),
    ];
    this.#isStored(mark);
    await Promise.all(written);
  }

  /** Writes the rows of a list that are not stored yet. */
  #appended<T extends keyof Cursor>(
    transaction: Transaction<"readwrite">,
    table: T,
    rows: readonly Tables[T]["value"][],
  ): Promise<unknown>[] {
    const first = this.#stored[table];
    const store = transaction.objectStore(table);
    return rows.map((row, index) => store.put(row, [this.record.run.id, first + index]));
  }

  #isStored(mark: number): void {
    const { members, end } = this.record;
    this.#mark = mark;
    this.#members = members.map(({ now, hasFailed }) => ({ now, hasFailed }));
    this.#stored = end;
  }
}

export async function remove(transaction: Transaction<"readwrite">, id: string): Promise<void> {
  const all = IDBKeyRange.bound([id, 0], [id, Infinity]);
  await Promise.all([
    transaction.objectStore("runs").delete(id),
    ...lists.map((table) => transaction.objectStore(table).delete(all)),
  ]);
}

/** The ids of all runs. */
export function runIds(transaction: Transaction): Promise<Run["id"][]> {
  return transaction.objectStore("runs").getAllKeys() as Promise<Run["id"][]>;
}
