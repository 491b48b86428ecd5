import type { Port } from "./calls.ts";

/** A thread of any kind, which serves an experiment. */
export interface Thread extends Port {
  /** Calls once when the thread has ended by itself, or by an error. */
  onEnd(ended: (error: Error) => void): void;
  terminate(): unknown;
}

/** A Web Worker, as far as a program needs it. */
export interface WebWorker {
  postMessage(message: unknown): void;
  addEventListener(type: string, listen: (event: { readonly data?: unknown }) => void): void;
  terminate(): void;
}

/** A Web Worker whose script calls `serveExperiment`. */
export function webThread(worker: WebWorker): Thread {
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive) => worker.addEventListener("message", ({ data }) => receive(data)),
    onEnd: (ended) =>
      worker.addEventListener("error", (event) => {
        const { message } = event as { readonly message?: string };
        ended(new Error(message ?? "its script could not be loaded"));
      }),
    terminate: () => worker.terminate(),
  };
}
