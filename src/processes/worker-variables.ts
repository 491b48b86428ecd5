/**
 * What a worker process is told by the one that starts it, in variables of its environment, and
 * what it says last.
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
  /** How long its first lease is at least. */
  readonly firstLeaseMs: number;
  /** Why the worker that was here before was killed, if its trainer had blocked it. */
  readonly hang: Hang | undefined;
}

export const newNonce = () => randomUUID().slice(0, 8);

/**
 * Names a process of this machine as nobody else is named: process ids come back, and containers
 * may all have the same host name and process id. Two of one name could both hold a claim, since a
 * database that crashes may forget one and give its fencing token again.
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
 * Names this process. Who started it as a worker knows the name, too, to give back what it held.
 */
export function ownWorkerId(env = process.env): WorkerId {
  return workerId(process.pid, env[nonceVariable] ?? newNonce());
}

/** How long its first lease is at least, as who started this process as a worker says. */
export function ownFirstLeaseMs(env: NodeJS.ProcessEnv): number {
  return Number(env[leaseVariable] ?? 0);
}

/** Why the worker that was here before was killed, if its trainer had blocked it. */
export function ownHang(env: NodeJS.ProcessEnv): Hang | undefined {
  const told = env[hangVariable];
  return told === undefined ? undefined : (JSON.parse(told) as Hang);
}

/**
 * Says to the process that started this one why it ends. A log cannot: the disk that it is on may
 * be the reason.
 */
export async function tellLastWords(error: unknown): Promise<void> {
  const words =
    error instanceof CladeError ? error.message : String((error as Error).stack ?? error);
  await new Promise((resolve) => {
    if (process.send && process.connected) process.send(words, resolve);
    else resolve(undefined);
  });
}
