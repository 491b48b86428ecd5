/** Threads that make the calls to a file system, so that one that hangs stops nothing else. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { FileCall, FileReply } from "./file-calls.ts";

/** The number of transfers at the same time. */
const maxThreads = 4;

interface Task {
  readonly call: FileCall;
  readonly settle: (reply: FileReply) => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
}

export class FileThreads implements AsyncDisposable {
  readonly #directory: string;
  readonly #threads: Thread[] = [];
  readonly #waiting: Task[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    process.on("exit", this.#leave);
  }

  /**
   * Node waits for its threads when it exits, and a thread that hangs in a system call cannot be
   * ended.
   */
  readonly #leave = () => {
    if (this.#threads.some(({ task }) => task)) process.kill(process.pid, "SIGKILL");
  };

  /** Calls wait while all threads are busy. */
  call(call: FileCall): Promise<FileReply> {
    return new Promise((settle) => {
      const task = { call, settle };
      const idle = this.#threads.find((thread) => thread.task === undefined);
      if (idle) this.#give(idle, task);
      else if (this.#threads.length < maxThreads) this.#give(this.#start(), task);
      else this.#waiting.push(task);
    });
  }

  #start(): Thread {
    const script = new URL(`./file-thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(script, { workerData: this.#directory });
    worker.unref();
    const thread: Thread = { worker, task: undefined };
    worker.on("message", (reply: FileReply) => {
      thread.task!.settle(reply);
      this.#give(thread, this.#waiting.shift());
    });
    worker.on("error", (error) => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      thread.task?.settle({ error: { message: `the thread for files ended: ${error.message}` } });
      if (this.#waiting.length > 0) this.#give(this.#start(), this.#waiting.shift());
    });
    this.#threads.push(thread);
    return thread;
  }

  #give(thread: Thread, task: Task | undefined): void {
    thread.task = task;
    if (task) {
      thread.worker.ref();
      thread.worker.postMessage(task.call);
    } else {
      thread.worker.unref();
    }
  }

  /** A thread that hangs is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const idle = this.#threads.filter(({ task }) => !task);
    if (idle.length === this.#threads.length) process.off("exit", this.#leave);
    for (const { worker } of this.#threads) worker.unref();
    await Promise.all(idle.map(({ worker }) => worker.terminate()));
  }
}
