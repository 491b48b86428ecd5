/**
 * Watches a worker process from a thread of its own. A trainer that blocks the event loop, by an
 * endless loop or a call that never returns, stops everything on it: timers, signals, the renewal
 * of leases, and the news that the parent has gone.
 *
 * The event loop counts its turns in memory that the thread sees. While they stand still, the
 * thread tells the process that started this one, which decides (`blocked-worker.ts`). Once that
 * process is gone, the thread ends this one.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Claim } from "../../population-store/population-store.ts";

/** What the thread says to the parent, as a line of JSON. */
export interface Blocked {
  /**
   * How long the event loop has not turned. The time in which the process was frozen does not
   * count.
   */
  readonly blockedMs: number;
  /** The claim whose generation is in progress; absent between claims. */
  readonly claim?: Pick<Claim, "member" | "fencingToken">;
}

export interface WatchdogData {
  readonly shared: SharedArrayBuffer;
  readonly parent: number;
}

/** Places in the shared memory: a count of turns, and the claim. A member below 0 is none. */
export const places = { turns: 0, member: 1, fencingToken: 2 } as const;

/** The file descriptor that the parent reads from; the one before is the channel of messages. */
export const reportDescriptor = 4;

const turnMs = 250;

export interface Watchdog {
  /** From here on a claim is in progress, or none. */
  holds(claim: Claim | undefined): void;
}

/**
 * Starts to watch this process, which was started by `startLocalWorkers`. It ends with its
 * process.
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
