import { hostname } from "node:os";
import type { Member, Run } from "../population-store/population-store.ts";
import { isAlive } from "../worker/local-workers.ts";

/** The state of a run in a word. A run that says it is running may have lost its workers. */
export function stateWord(run: Run, members: readonly Member[]): string {
  if (run.state.kind !== "running") return run.state.kind;
  return workersOf(members).length > 0 ? "running" : "interrupted";
}

/** The workers that hold a member now: of this machine those that are alive, of others those whose lease has not run out. */
export function workersOf(members: readonly Member[]): string[] {
  const holding = members.flatMap(({ lease }) => {
    if (!lease || lease.until < Date.now()) return [];
    const [host, pid] = lease.worker.split(":");
    return host !== hostname() || isAlive(Number(pid)) ? [lease.worker as string] : [];
  });
  return [...new Set(holding)];
}
