/// <reference lib="dom" />
import type { DBSchema, IDBPTransaction } from "idb";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { abort, IndexedDb, requested } from "../../database/indexed-db/indexed-db.ts";
import { CheckpointError, type CheckpointStore } from "../checkpoint-store.ts";
import { hashFiles } from "../hash-files.ts";

interface Tables extends DBSchema {
  /** A number that differs after every save. */
  checkpoints: { key: [run: string, id: CheckpointId]; value: number };
  files: { key: [run: string, id: CheckpointId, name: string]; value: Uint8Array };
}

const tables = ["checkpoints", "files"] as const;

type Transaction = IDBPTransaction<Tables, typeof tables, "readwrite">;

/**
 * The checkpoints of a run in the browser's IndexedDB, which last when the page is left. `name` is
 * the name of the database.
 */
export function indexedDbCheckpointStore(
  run: string,
  name = "clade-checkpoints",
): CheckpointStore {
  const database = new IndexedDb<Tables>(name, tables);
  const checkpointsOfRun = IDBKeyRange.bound([run], [run, []]);
  const filesOf = (id: CheckpointId) => IDBKeyRange.bound([run, id], [run, id, []]);

  /** Makes the changes that `change` asks for, or none of them. */
  async function write(change: (transaction: Transaction) => Promise<unknown>[]) {
    const transaction = (await database.use()).transaction(tables, "readwrite");
    try {
      await Promise.all([transaction.done, ...change(transaction)]);
    } catch (error) {
      abort(transaction);
      throw database.notWritten(error);
    }
  }

  return {
    async save(files, reserve) {
      const { id } = hashFiles(files);
      await reserve(id);
      await write((transaction) => {
        const table = transaction.objectStore("files");
        return [
          // What was there may be damaged.
          requested(table.delete(filesOf(id))),
          ...Array.from(files, ([file, bytes]) => requested(table.put(bytes, [run, id, file]))),
          transaction.objectStore("checkpoints").put(Math.random(), [run, id]),
        ];
      });
      return id;
    },
    async load(id) {
      const transaction = (await database.use()).transaction(tables);
      const table = transaction.objectStore("files");
      const [mark, keys, contents] = await Promise.all([
        transaction.objectStore("checkpoints").get([run, id]),
        table.getAllKeys(filesOf(id)),
        table.getAll(filesOf(id)),
        transaction.done,
      ]);
      if (mark === undefined) throw new CheckpointError(id, "is not in the store");
      const files = new Map(keys.map(([, , file], index) => [file, contents[index]!]));
      if (hashFiles(files).id !== id) throw new CheckpointError(id, "does not match its hash");
      return files;
    },
    async beginSweep() {
      const transaction = (await database.use()).transaction("checkpoints");
      const [keys, marks] = await Promise.all([
        transaction.store.getAllKeys(checkpointsOfRun),
        transaction.store.getAll(checkpointsOfRun),
        transaction.done,
      ]);
      return (live) => {
        const dead = keys.flatMap(([, id], index) =>
          live.has(id) ? [] : [{ id, mark: marks[index]! }],
        );
        return async () => {
          let deleted = 0;
          await write((transaction) =>
            dead.map(async ({ id, mark }) => {
              const checkpoints = transaction.objectStore("checkpoints");
              // It was saved again since.
              if ((await checkpoints.get([run, id])) !== mark) return;
              const files = transaction.objectStore("files");
              deleted += await files.count(filesOf(id));
              await Promise.all([checkpoints.delete([run, id]), files.delete(filesOf(id))]);
            }),
          );
          return deleted;
        };
      };
    },
    remove: () =>
      write((transaction) =>
        tables.map((table) => transaction.objectStore(table).delete(checkpointsOfRun)),
      ),
    async [Symbol.asyncDispose]() {
      await database.close();
    },
  };
}
