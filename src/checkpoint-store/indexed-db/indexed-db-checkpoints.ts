/// <reference lib="dom" />
import type { DBSchema } from "idb";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { notWritten, openIndexedDb } from "../../database/indexed-db/open.ts";
import { CheckpointError, type CheckpointStore } from "../checkpoint-store.ts";
import { hashFiles } from "../hash-files.ts";

interface Tables extends DBSchema {
  /** A number that differs after every save. */
  checkpoints: { key: [run: string, id: CheckpointId]; value: number };
  files: { key: [run: string, id: CheckpointId, name: string]; value: Uint8Array };
}

/**
 * The checkpoints of a run in the browser's IndexedDB, which last when the page is left. `name` is
 * the name of the database.
 */
export function indexedDbCheckpointStore(
  run: string,
  name = "clade-checkpoints",
): CheckpointStore {
  const tables = ["checkpoints", "files"] as const;
  const opened = openIndexedDb<Tables>(name, tables);
  const checkpointsOfRun = IDBKeyRange.bound([run], [run, []]);
  const filesOf = (id: CheckpointId) => IDBKeyRange.bound([run, id], [run, id, []]);
  const begin = async () => (await opened).transaction(tables, "readwrite");

  return {
    async save(files, reserve) {
      const { id } = hashFiles(files);
      await reserve(id);
      const transaction = await begin();
      const table = transaction.objectStore("files");
      // What was there may be damaged.
      const cleared = table.delete(filesOf(id));
      const written = Array.from(files, ([file, bytes]) => table.put(bytes, [run, id, file]));
      const mark = transaction.objectStore("checkpoints").put(Math.random(), [run, id]);
      await Promise.all([cleared, ...written, mark, transaction.done]).catch((error) => {
        throw notWritten(name, error);
      });
      return id;
    },
    async load(id) {
      const transaction = (await opened).transaction(tables);
      const table = transaction.objectStore("files");
      const [mark, keys, contents] = await Promise.all([
        transaction.objectStore("checkpoints").get([run, id]),
        table.getAllKeys(filesOf(id)),
        table.getAll(filesOf(id)),
      ]);
      if (mark === undefined) throw new CheckpointError(id, "is not in the store");
      const files = new Map(keys.map(([, , file], index) => [file, contents[index]!]));
      if (hashFiles(files).id !== id) throw new CheckpointError(id, "does not match its hash");
      return files;
    },
    async beginSweep() {
      const table = (await opened).transaction("checkpoints").store;
      const [keys, marks] = await Promise.all([
        table.getAllKeys(checkpointsOfRun),
        table.getAll(checkpointsOfRun),
      ]);
      return (live) => {
        const dead = keys.flatMap(([, id], index) =>
          live.has(id) ? [] : [{ id, mark: marks[index]! }],
        );
        return async () => {
          const transaction = await begin();
          const checkpoints = transaction.objectStore("checkpoints");
          for (const { id, mark } of dead) {
            // It was saved again since.
            if ((await checkpoints.get([run, id])) !== mark) continue;
            void checkpoints.delete([run, id]);
            void transaction.objectStore("files").delete(filesOf(id));
          }
          await transaction.done;
          return dead.length;
        };
      };
    },
    async remove() {
      const transaction = await begin();
      void transaction.objectStore("checkpoints").delete(checkpointsOfRun);
      void transaction.objectStore("files").delete(checkpointsOfRun);
      await transaction.done;
    },
    async [Symbol.asyncDispose]() {
      (await opened).close();
    },
  };
}
