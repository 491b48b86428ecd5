/// <reference lib="dom" />
/** How a browser's IndexedDB keeps runs: what is read of it, and what is written. */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";
import type { Decision } from "../../algorithm/population-based-training.ts";
import type { Snapshot } from "../../algorithm/snapshot.ts";
import { IndexedDb, requested } from "../../database/indexed-db/indexed-db.ts";
import type { StoredMember } from "../member-lifecycle.ts";
import { type Publishing, RunRecord } from "../memory/run-record.ts";
import { beginning, type Cursor, type Failure, type Run } from "../population-store.ts";

/** What a row of a run has besides its lists. */
type Facts = Pick<RunRecord, "run" | "steps" | "workedUntil" | "pins" | "notes" | "workers"> &
  Pick<RunRecord, "collected">;

interface RunRow extends Facts {
  readonly members: number;
  /** Runs in the order of creation. Differs, too, for one under the id of a removed one. */
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

type Database = IDBPDatabase<Tables>;

const lists = ["members", "snapshots", "decisions", "failures"] as const;
const tables = ["runs", ...lists] as const;

export type Transaction<Mode extends IDBTransactionMode = IDBTransactionMode> = IDBPTransaction<
  Tables,
  typeof tables,
  Mode
>;

export function openDatabase(name: string): IndexedDb<Tables> {
  return new IndexedDb<Tables>(name, tables);
}

export function begin<Mode extends "readonly" | "readwrite">(
  database: Database,
  mode: Mode,
): Transaction<Mode> {
  const transaction = database.transaction(tables, mode);
  // Whoever waits for it is told.
  transaction.done.catch(() => {});
  return transaction;
}

/** A run's record in this page, and what of it is stored. */
export class Replica {
  readonly record: RunRecord;
  readonly #birth: number;
  #mark: number | undefined;
  #members: readonly MemberRow[] = [];
  #stored = beginning;

  constructor(record: RunRecord, birth: number) {
    this.record = record;
    this.#birth = birth;
  }

  /** A run that is not stored yet. */
  static async born(transaction: Transaction, record: RunRecord): Promise<Replica> {
    const rows = await transaction.objectStore("runs").getAll();
    const last = Math.max(0, ...rows.map(({ birth }) => Math.floor(birth)));
    return new Replica(record, last + 1 + Math.random());
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
      requested(transaction.objectStore("runs").put(row, run.id)),
      ...members.flatMap(({ now, hasFailed }, index) => {
        const before = this.#members[index];
        if (before?.now === now && before.hasFailed === hasFailed) return [];
        return requested(memberTable.put({ now, hasFailed }, [run.id, index]));
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
    const { id } = this.record.run;
    return rows.map((row, index) => requested(store.put(row, [id, first + index])));
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

/** All runs as they are stored, oldest first. */
export async function storedRuns(transaction: Transaction): Promise<Run[]> {
  const rows = await transaction.objectStore("runs").getAll();
  return rows.sort((a, b) => a.birth - b.birth).map(({ run }) => run);
}
