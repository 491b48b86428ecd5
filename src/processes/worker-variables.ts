/**
 * What a worker process is told by the process that starts it, in environment variables, and its
 * last words.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { CladeError } from "../algorithm/clade-error.ts";
import type { WorkerId } from "../population-store/population-store.ts";
import type { Hang } from "../worker/hang.ts";

const nonceVariable = "CLADE_WORKER_NONCE";
const leaseVariable = "CLADE_WORKER_LEASE_MS";
const hangVariable = "CLADE_WORKER_HANG";

export interface ToldAtStart {
  readonly nonce: string;
  /** Minimum of its first lease. */
  readonly firstLeaseMs: number;
  /** Why the previous worker here was killed, if its trainer had blocked it. */
  readonly hang: Hang | undefined;
}

export const newNonce = () => randomUUID().slice(0, 8);

/**
 * A unique name for a process of this machine. Process ids are reused, and containers may all have
 * the same host name and process id. Two workers of one name could both hold a claim, because a
 * database that crashes may forget a claim and issue its fencing token again.
 */
export function workerId(pid: number, nonce: string): WorkerId {
  return `${hostname()}:${pid}:${nonce}` as WorkerId;
}

export function workerVariables({ nonce, firstLeaseMs, hang }: ToldAtStart): {
  readonly [name: string]: string;
} {
  return {
    [nonceVariable]: nonce,
    [leaseVariable]: String(firstLeaseMs),
    ...(hang && { [hangVariable]: JSON.stringify(hang) }),
  };
}

/**
 * The name of this process. The process that started it as a worker also knows the name, to give
 * back what the worker held.
 */
export function ownWorkerId(env = process.env): WorkerId {
  return workerId(process.pid, env[nonceVariable] ?? newNonce());
}

/** Minimum of its first lease, as the process that started this worker says. */
export function ownFirstLeaseMs(env: NodeJS.ProcessEnv): number {
  return Number(env[leaseVariable] ?? 0);
}

/** Why the previous worker here was killed, if its trainer had blocked it. */
export function ownHang(env: NodeJS.ProcessEnv): Hang | undefined {
  const told = env[hangVariable];
  return told === undefined ? undefined : (JSON.parse(told) as Hang);
}

/**
 * Tells the process that started this one why it ends. A log cannot do that: its disk may be the
 * reason.
 */
export async function tellLastWords(error: unknown): Promise<void> {
  const words =
    error instanceof CladeError ? error.message : String((error as Error).stack ?? error);
  await new Promise((resolve) => {
    if (process.send && process.connected) process.send(words, resolve);
    else resolve(undefined);
  });
}
