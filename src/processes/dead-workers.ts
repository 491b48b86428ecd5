import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { PopulationStore, RunId } from "../population-store/population-store.ts";

/** Gives back what workers of this machine hold that are no longer alive. */
export async function releaseDeadWorkers(store: PopulationStore, run: RunId): Promise<void> {
  const leases = (await store.members(run)).flatMap(({ lease }) => (lease ? [lease.worker] : []));
  for (const worker of new Set(leases)) {
    const [host, pid] = worker.split(":");
    if (host === hostname() && !isAlive(Number(pid))) await store.releaseWorker(run, worker);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

/** It has ended, but its parent, such as the first process of a container, has not noticed. */
function isZombie(pid: number): boolean {
  try {
    // After the name, which may contain anything, comes the state (Linux, proc(5)).
    return /^.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
