/**
 * Objects as files of a directory that many machines see, such as NFS or Lustre. Such file systems
 * promise little: a replaced file may look old for a minute, locks may do nothing, and any call
 * may hang for minutes. So each name is used once, and a file gets its name when it is whole and
 * on the disk. Each call runs on a separate thread, so one that hangs stops neither the renewal of
 * leases nor other transfers.
 */
import { resolve } from "node:path";
import { explain } from "../local-disk/disk-errors.ts";
import { MissingObjectError, type ObjectStorage } from "../objects/object-storage.ts";
import { type FileCall, missingCode } from "./file-calls.ts";
import { FileThreads } from "./file-threads.ts";

/** NFS may take up to a minute to look again for a missing name (acdirmax). */
const defaultDelayMs = 70_000;

export function sharedDirectoryStorage(
  path: string,
  { delayMs = defaultDelayMs }: { readonly delayMs?: number } = {},
): ObjectStorage {
  const directory = resolve(path);
  const threads = new FileThreads(directory);

  async function call<T>(call: FileCall): Promise<T> {
    const reply = await threads.call(call);
    if (!("error" in reply)) return reply.value as T;
    const { code, message } = reply.error;
    if (code === missingCode) throw new MissingObjectError(message);
    throw explain(directory, Object.assign(new Error(message), { code }));
  }

  return {
    shown: `file://${directory}`,
    delayMs,
    put: (key, source) => call({ kind: "put", key, source }),
    read: (key, size) => call({ kind: "read", key, ...(size !== undefined && { size }) }),
    download: (key, to, size) => call({ kind: "download", key, to, size }),
    list: (prefix) => call({ kind: "list", prefix }),
    delete: (keys) => call({ kind: "delete", keys }),
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  };
}
