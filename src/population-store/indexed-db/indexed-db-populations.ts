/// <reference lib="dom" />
import { abort } from "../../database/indexed-db/indexed-db.ts";
import { Changes } from "../memory/changes.ts";
import { storeOf } from "../memory/memory-population-store.ts";
import type { RunRecord } from "../memory/run-record.ts";
import type { Claim, PopulationStore, Run, RunId } from "../population-store.ts";
import { begin, openDatabase, Replica, remove, storedRuns, type Transaction } from "./tables.ts";

/**
 * A population store in the browser's IndexedDB, which lasts when the page is left. All pages and
 * Web Workers of the same origin that open it by the same name share it. `now` is the time that it
 * goes by, in milliseconds (default: the clock).
 *
 * Each handle has the records of the memory store, whose methods do the work. Within a transaction
 * the records are brought up to date, changed, and what has changed is written.
 */
export function indexedDbPopulationStore(
  name = "clade",
  { now = Date.now }: { now?: () => number } = {},
): PopulationStore {
  const database = openDatabase(name);
  const channel = new BroadcastChannel(`clade ${name}`);
  const records = new Map<RunId, RunRecord>();
  const replicas = new Map<RunId, Replica>();
  const changes = new Changes();
  channel.onmessage = () => changes.note();
  const memory = storeOf(records, changes, now);

  async function load(transaction: Transaction, id: RunId): Promise<void> {
    const replica = await Replica.load(transaction, id, replicas.get(id));
    hold(id, replica);
  }

  function hold(id: RunId, replica: Replica | undefined): void {
    if (replica) {
      replicas.set(id, replica);
      records.set(id, replica.record);
    } else {
      replicas.delete(id);
      records.delete(id);
    }
  }

  /** Transactions of one handle come one after another, since they change the same records. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  function reading<T>(id: RunId, read: () => Promise<T>): Promise<T> {
    return inTurn(async () => {
      await load(begin(await database.use(), "readonly"), id);
      return await read();
    });
  }

  /** `hasChanged` says whether there is something to write. */
  function writing<T>(
    id: RunId,
    change: () => Promise<T>,
    hasChanged: (result: T) => boolean = () => true,
  ): Promise<T> {
    return inTurn(async () => {
      const transaction = begin(await database.use(), "readwrite");
      await load(transaction, id);
      const { mark } = changes;
      const result = await change();
      if (!hasChanged(result)) return result;
      try {
        await save(transaction, id);
        await transaction.done;
      } catch (error) {
        abort(transaction);
        // The records have what is not stored.
        hold(id, undefined);
        throw database.notWritten(error);
      }
      if (changes.mark !== mark) channel.postMessage(id);
      return result;
    });
  }

  async function save(transaction: Transaction<"readwrite">, id: RunId): Promise<void> {
    const record = records.get(id);
    if (!record) {
      replicas.delete(id);
      return await remove(transaction, id);
    }
    const replica = replicas.get(id) ?? (await Replica.born(transaction, record));
    replicas.set(id, replica);
    await replica.save(transaction);
  }

  const ofMemory = (method: keyof PopulationStore) =>
    memory[method] as unknown as (...args: readonly unknown[]) => Promise<never>;
  const read = <N extends keyof PopulationStore>(method: N) =>
    ((id: RunId, ...args: unknown[]) =>
      reading(id, () => ofMemory(method)(id, ...args))) as unknown as PopulationStore[N];
  const write = <N extends keyof PopulationStore>(method: N) =>
    ((id: RunId, ...args: unknown[]) =>
      writing(id, () => ofMemory(method)(id, ...args))) as unknown as PopulationStore[N];
  const writeClaimed = <N extends keyof PopulationStore>(method: N) =>
    ((claim: Claim, ...args: unknown[]) =>
      writing(claim.run, () => ofMemory(method)(claim, ...args))) as unknown as PopulationStore[N];

  return {
    createRun: (run, roots) => writing(run.id, () => memory.createRun(run, roots)),
    run: read("run"),
    runs: () =>
      inTurn(async () => {
        const transaction = begin(await database.use(), "readonly");
        const runs: Run[] = [];
        for (const run of await storedRuns(transaction)) {
          // Only the work time of one that is worked on needs more than its row.
          const isIdle = run.runningSince === undefined;
          if (!isIdle) await load(transaction, run.id);
          runs.push(isIdle ? run : await memory.run(run.id));
        }
        return runs;
      }),
    damagedRuns: memory.damagedRuns,
    note: write("note"),
    notes: read("notes"),
    removeRun: write("removeRun"),
    resume: write("resume"),
    stop: write("stop"),

    claimMember: (id, worker, request) =>
      writing(
        id,
        () => memory.claimMember(id, worker, request),
        ({ kind }) => kind === "claimed",
      ),
    renewLease: writeClaimed("renewLease"),
    releaseMember: writeClaimed("releaseMember"),
    releaseWorker: write("releaseWorker"),
    begin: writeClaimed("begin"),
    publish: writeClaimed("publish"),
    recordFailure: writeClaimed("recordFailure"),
    failuresOf: read("failuresOf"),
    noteWorker: write("noteWorker"),
    workers: read("workers"),

    members: read("members"),
    counts: read("counts"),
    news: read("news"),
    present: read("present"),
    generation: read("generation"),
    async *history(id, member) {
      yield* await reading(id, async () => memory.history(id, member));
    },
    snapshot: read("snapshot"),
    async *decisions(id, query) {
      yield* await reading(id, async () => memory.decisions(id, query));
    },
    decisionCounts: read("decisionCounts"),
    changes: read("changes"),
    async *tree(id) {
      yield* await reading(id, async () => memory.tree(id));
    },
    end: read("end"),
    mark: memory.mark,
    waitForChange: memory.waitForChange,

    reserveCheckpoint: writeClaimed("reserveCheckpoint"),
    takeCollection: (id, restMs) =>
      writing(
        id,
        () => memory.takeCollection(id, restMs),
        (isDue) => isDue,
      ),
    pin: write("pin"),
    unpin: write("unpin"),
    collect: (id, sweep) =>
      writing(
        id,
        () => memory.collect(id, sweep),
        () => false,
      ),
    async [Symbol.asyncDispose]() {
      await last;
      channel.close();
      await database.close();
    },
  };
}
