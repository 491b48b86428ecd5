import { CladeError } from "../algorithm/clade-error.ts";
import type { Clock } from "./clock.ts";

/** The generation is dropped because the worker was asked to stop. */
export class Interruption extends CladeError {
  constructor() {
    super("the worker was asked to stop");
  }
}

/**
 * Waits for work that itself notices the abort of the signal. Work that hangs, such as on a
 * network or a file system, does not notice it: after this time it is abandoned, and this throws
 * an `Interruption`.
 */
export async function withGracePeriod<T>(
  work: Promise<T>,
  signal: AbortSignal,
  graceMs: number,
  clock: Clock,
): Promise<T> {
  let timer: Disposable | undefined;
  let leave = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      timer = clock.after(graceMs, () => reject(new Interruption()));
    };
  });
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave);
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", leave);
    timer?.[Symbol.dispose]();
  }
}
