import { hostname } from "node:os";
import type { PopulationStore, Run, WorkerId, WorkerState } from "../population-store/population-store.ts";
import { hostOf } from "../population-store/run-worker.ts";
import { count, time } from "../report/words.ts";
import { isAlive } from "../worker/local-workers.ts";
import { presentMs } from "../worker/presence.ts";

/** A worker that is there now, or one that left because it was set aside. */
export interface PresentWorker {
  readonly worker: WorkerId;
  readonly device?: string;
  /** The member that it holds. */
  readonly member?: number;
  readonly state: WorkerState;
}

const shownWorkers = 20;

/** The state of a run in a word. A run that says it is running may have lost its workers. */
export async function stateWord(store: PopulationStore, run: Run): Promise<string> {
  if (run.state.kind !== "running") return run.state.kind;
  return (await workersOf(store, run)).length > 0 ? "running" : "interrupted";
}

/** The names of the workers that are there now. */
export async function workersOf(store: PopulationStore, run: Run): Promise<WorkerId[]> {
  return thereOf(await presentWorkers(store, run)).map(({ worker }) => worker);
}

/** Those that have not left. */
export function thereOf(workers: readonly PresentWorker[]): PresentWorker[] {
  return workers.filter(({ state }) => state.kind !== "gave-up");
}

/** Of this machine those that are alive, of others those that were heard of, or whose lease has not run out; and those that gave up. */
export async function presentWorkers(store: PopulationStore, run: Run): Promise<PresentWorker[]> {
  const now = Date.now();
  const held = new Map<WorkerId, number>();
  for (const { member, lease } of await store.members(run.id))
    if (lease && lease.until >= now) held.set(lease.worker, member);
  const known = new Map((await store.workers(run.id)).map((worker) => [worker.worker, worker]));
  return [...new Set([...known.keys(), ...held.keys()])].flatMap((worker) => {
    const { device, seenAt = 0, state = { kind: "working" as const } } = known.get(worker) ?? {};
    const member = held.get(worker);
    const isHere = hostOf(worker) === hostname();
    const isThere = isHere
      ? isAlive(Number(worker.split(":")[1]))
      : member !== undefined || now - seenAt < presentMs;
    if (!isThere && state.kind !== "gave-up") return [];
    const facts = {
      worker,
      ...(device !== undefined && { device }),
      ...(member !== undefined && { member }),
    };
    return [{ ...facts, state }];
  });
}

/** A line for each worker, those that are set aside first. */
export function workerLines(workers: readonly PresentWorker[]): string[] {
  if (workers.length === 0) return ["none"];
  const isWell = ({ state }: PresentWorker) => state.kind === "working" || state.kind === "waiting";
  const sorted = workers.toSorted((one, other) => Number(isWell(one)) - Number(isWell(other)));
  const shown = sorted.slice(0, shownWorkers).map(workerLine);
  const hidden = workers.length - shown.length;
  return hidden > 0 ? [...shown, `and ${count(hidden)} more`] : shown;
}

function workerLine({ worker, device, member, state }: PresentWorker): string {
  const on = device === undefined ? "" : ` (device ${device})`;
  return `${worker}${on} ${doing(member, state)}`;
}

function doing(member: number | undefined, state: WorkerState): string {
  switch (state.kind) {
    case "set-aside":
      return `is set aside since ${time(state.since)}: ${state.reason}; it tries itself again at ${time(state.triesAt)}, and gives up at ${time(state.givesUpAt)}`;
    case "gave-up":
      return `has left, set aside since ${time(state.since)}: ${state.reason}; when the cause is mended, start a worker there again`;
    default:
      if (member !== undefined) return `trains member ${member}`;
      return state.kind === "waiting" ? "waits for a member" : "is between members";
  }
}
