/**
 * Watches a worker process from a separate thread. A trainer that blocks the event loop, by an
 * endless loop or a call that never returns, stops everything on it: timers, signals, the renewal
 * of leases, and the news that the parent is gone.
 *
 * The event loop counts its turns in memory that the thread sees. While the count stands still,
 * the thread reports it to the process that started this one, which decides (`blocked-worker.ts`).
 * If that process is gone, the thread ends this one.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Claim } from "../../population-store/population-store.ts";

/** The thread's report to the parent, as a line of JSON. */
export interface Blocked {
  /**
   * How long the event loop has not turned, without the time during which the process was frozen.
   */
  readonly blockedMs: number;
  /** The claim whose generation is in progress; absent between claims. */
  readonly claim?: Pick<Claim, "member" | "fencingToken">;
}

export interface WatchdogData {
  readonly shared: SharedArrayBuffer;
  readonly parent: number;
}

/**
 * Places in the shared memory: a count of turns, and the claim. A member below 0 means no claim.
 */
export const places = { turns: 0, member: 1, fencingToken: 2 } as const;

/** The file descriptor that the parent reads from. The one before it is the message channel. */
export const reportDescriptor = 4;

const turnMs = 250;

export interface Watchdog {
  /** Sets the claim in progress, or that there is none. */
  holds(claim: Claim | undefined): void;
}

/**
 * Starts to watch this process, which was started by `startLocalWorkers`. The watchdog ends with
 * the process.
 */
export function startWatchdog(): Watchdog {
  const shared = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const memory = new Int32Array(shared);
  memory[places.member] = -1;
  setInterval(() => Atomics.add(memory, places.turns, 1), turnMs).unref();
  const script = new URL(`./watchdog-thread${extname(import.meta.url)}`, import.meta.url);
  const workerData: WatchdogData = { shared, parent: process.ppid };
  new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
  return {
    holds(claim) {
      Atomics.store(memory, places.fencingToken, claim?.fencingToken ?? 0);
      Atomics.store(memory, places.member, claim?.member ?? -1);
    },
  };
}
