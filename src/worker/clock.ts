import { pauseForEvents } from "../trainer/in-process/train-steps.ts";

/**
 * Everything in a worker that reads the time or waits gets a clock, so that hours can pass at once
 * in a test.
 */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
  /** Milliseconds since some moment, by a monotonic clock. */
  elapsed(): number;
  /** Waits for the time, or until the signal aborts. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls once after a time, unless it is disposed first. */
  after(milliseconds: number, call: () => void): Disposable;
  /** Calls repeatedly until it is disposed. */
  every(milliseconds: number, call: () => void): Disposable;
  /** Lets other work of this process run, unless that happened in the last few milliseconds. */
  giveWay(afterMs?: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  pause(milliseconds, signal) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    });
  },
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  every(milliseconds, call) {
    const timer = setInterval(call, milliseconds);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
  giveWay: pauseForEvents,
};
