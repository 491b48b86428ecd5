/**
 * The thread of the watchdog. It only waits, reads the shared memory, and writes. Nothing here
 * needs an event loop.
 */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { killGroup } from "./kill-group.ts";
import { type Blocked, places, reportDescriptor, type WatchdogData } from "./watchdog.ts";

const tickMs = 500;
/** Other work, such as a garbage collection, may hold the event loop for this long. */
const blockedAfterMs = 2_000;
/** A worker that is not blocked exits by itself. */
const leavesWithinMs = 15_000;

const { shared, parent } = workerData as WatchdogData;
const memory = new Int32Array(shared);
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

let lookedAt = performance.now();
let turns = -1;
let blockedMs = 0;
let orphanedMs = 0;
for (;;) {
  Atomics.wait(never, 0, 0, tickMs);
  const now = performance.now();
  // A longer wait means that the whole process was frozen, which is not the trainer's fault.
  const passedMs = Math.min(now - lookedAt, 2 * tickMs);
  lookedAt = now;
  const turnsNow = Atomics.load(memory, places.turns);
  blockedMs = turnsNow === turns ? blockedMs + passedMs : 0;
  turns = turnsNow;
  orphanedMs = process.ppid === parent ? 0 : orphanedMs + passedMs;
  const isBlocked = blockedMs >= blockedAfterMs;
  if (orphanedMs > (isBlocked ? 0 : leavesWithinMs)) end();
  if (isBlocked) report();
}

function report(): void {
  const member = Atomics.load(memory, places.member);
  const fencingToken = Atomics.load(memory, places.fencingToken);
  const blocked: Blocked = {
    blockedMs: Math.round(blockedMs),
    ...(member >= 0 && { claim: { member, fencingToken } }),
  };
  write(reportDescriptor, JSON.stringify(blocked));
}

function end(): void {
  write(
    2,
    "the process that started this worker is gone, and the trainer blocks it: " +
      "the worker is killed",
  );
  killGroup(process.pid);
  process.kill(process.pid, "SIGKILL");
}

function write(descriptor: number, text: string): void {
  try {
    writeSync(descriptor, `${text}\n`);
  } catch {
    // The reader is gone, or the disk is full.
  }
}
