/** Requests to stop: signals of this process, or an abort of the context's signal. */
import type { Context } from "../context.ts";

export const signalNames = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Calls back on each request, until it is disposed of. */
export function onInterrupt({ signal }: Context, interrupt: () => void): Disposable {
  for (const name of signalNames) process.on(name, interrupt);
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt);
  return {
    [Symbol.dispose]() {
      for (const name of signalNames) process.off(name, interrupt);
      signal?.removeEventListener("abort", interrupt);
    },
  };
}

/** Aborted by the first request. A second signal of that name ends the process. */
export function firstInterruption({
  signal,
}: Context): Disposable & { readonly signal: AbortSignal } {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  for (const name of signalNames) process.once(name, interrupt);
  return {
    signal: AbortSignal.any([interrupted.signal, ...(signal ? [signal] : [])]),
    [Symbol.dispose]() {
      for (const name of signalNames) process.off(name, interrupt);
    },
  };
}
