/**
 * Objects as files of a directory that many machines see, such as NFS or Lustre. Such file systems
 * promise little: a replaced file may look old for a minute, locks may do nothing, and any call
 * may hang for minutes. So each name is used once, and a file gets its name when it is whole and
 * on the disk. Each call runs on a separate thread, so one that hangs stops neither the renewal of
 * leases nor other transfers.
 */
import { extname, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { explain } from "../local-disk/disk-errors.ts";
import { MissingObjectError, type ObjectStorage } from "../objects/object-storage.ts";
import { type FileCall, type FileReply, missingCode } from "./file-calls.ts";

/** The number of transfers at the same time. */
const maxThreads = 4;

/** NFS may take up to a minute to look again for a missing name (acdirmax). */
const defaultDelayMs = 70_000;

interface Task {
  readonly call: FileCall;
  readonly settle: (reply: FileReply) => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
}

export function sharedDirectoryStorage(
  path: string,
  { delayMs = defaultDelayMs }: { readonly delayMs?: number } = {},
): ObjectStorage {
  const directory = resolve(path);
  const threads: Thread[] = [];
  const waiting: Task[] = [];

  /**
   * Node waits for its threads when it exits, and a thread that hangs in a system call cannot be
   * ended.
   */
  const leave = () => {
    if (threads.some(({ task }) => task)) process.kill(process.pid, "SIGKILL");
  };
  process.on("exit", leave);

  function start(): Thread {
    const script = new URL(`./file-thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(script, { workerData: directory });
    worker.unref();
    const thread: Thread = { worker, task: undefined };
    worker.on("message", (reply: FileReply) => {
      thread.task!.settle(reply);
      give(thread, waiting.shift());
    });
    worker.on("error", (error) => {
      threads.splice(threads.indexOf(thread), 1);
      thread.task?.settle({ error: { message: `the thread for files ended: ${error.message}` } });
      if (waiting.length > 0) give(start(), waiting.shift());
    });
    threads.push(thread);
    return thread;
  }

  function give(thread: Thread, task: Task | undefined): void {
    thread.task = task;
    if (task) {
      thread.worker.ref();
      thread.worker.postMessage(task.call);
    } else {
      thread.worker.unref();
    }
  }

  async function call<T>(call: FileCall): Promise<T> {
    const reply = await new Promise<FileReply>((settle) => {
      const task = { call, settle };
      const idle = threads.find((thread) => thread.task === undefined);
      if (idle) give(idle, task);
      else if (threads.length < maxThreads) give(start(), task);
      else waiting.push(task);
    });
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
    async [Symbol.asyncDispose]() {
      const idle = threads.filter(({ task }) => !task);
      if (idle.length === threads.length) process.off("exit", leave);
      for (const { worker } of threads) worker.unref();
      await Promise.all(idle.map(({ worker }) => worker.terminate()));
    },
  };
}
