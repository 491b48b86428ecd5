import { hostname } from "node:os";
import type {
  PopulationStore,
  Run,
  WorkerId,
  WorkerState,
} from "../../population-store/population-store.ts";
import { hostOf } from "../../population-store/run-worker.ts";
import { hasNotBegun } from "../../population-store/work-time.ts";
import { isAlive } from "../../processes/dead-workers.ts";
import { count, shortened, time } from "../../report/words.ts";
import { presentMs } from "../../worker/presence.ts";

/** A worker that is present now, or one that left because it was set aside. */
export interface PresentWorker {
  readonly worker: WorkerId;
  readonly device?: string;
  /** The member that it holds. */
  readonly member?: number;
  readonly state: WorkerState;
}

const maxWorkers = 20;

/** The state of a run in a word. A run in the state `running` may have lost its workers. */
export async function stateWord(store: PopulationStore, run: Run): Promise<string> {
  if (run.state.kind !== "running") return run.state.kind;
  if ((await workersOf(store, run)).length > 0) return "running";
  return hasNotBegun(run) ? "not begun" : "interrupted";
}

export const notBegunText = "no worker has worked on it yet, and its time does not count";

/** The names of the workers that are present now. */
export async function workersOf(
  store: PopulationStore,
  run: Pick<Run, "id">,
): Promise<WorkerId[]> {
  return thereOf(await presentWorkers(store, run)).map(({ worker }) => worker);
}

/** Those that have not left. */
export function thereOf(workers: readonly PresentWorker[]): PresentWorker[] {
  return workers.filter(({ state }) => state.kind !== "gave-up");
}

/**
 * On this machine the workers that are alive. On others those that have reported lately, or whose
 * lease has not expired. Also those that gave up.
 */
export async function presentWorkers(
  store: PopulationStore,
  run: Pick<Run, "id">,
): Promise<PresentWorker[]> {
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

/** What the workers wait for if all of them are set aside: everything fails everywhere. */
export interface Outage {
  readonly since: number;
  readonly givesUpAt: number;
  readonly reason: string;
}

export function outageOf(workers: readonly PresentWorker[]): Outage | undefined {
  const aside = thereOf(workers).flatMap(({ state }) =>
    state.kind === "set-aside" ? [state] : [],
  );
  if (aside.length === 0 || aside.length < thereOf(workers).length) return undefined;
  return {
    since: Math.min(...aside.map(({ since }) => since)),
    givesUpAt: Math.max(...aside.map(({ givesUpAt }) => givesUpAt)),
    reason: aside[0]!.reason,
  };
}

export function outageText({ since, givesUpAt, reason }: Outage): string {
  return (
    `waiting: every member has been failing on every worker since ${time(since)}; ` +
    `the run gives up at ${time(givesUpAt)}: ${shortened(reason, 200)}`
  );
}

/** Those that are set aside, or have left for that reason. */
export function setAsideOf(workers: readonly PresentWorker[]): PresentWorker[] {
  return workers.filter(({ state }) => state.kind === "set-aside" || state.kind === "gave-up");
}

/** A line for each worker, those that are set aside first. */
export function workerLines(workers: readonly PresentWorker[]): string[] {
  if (workers.length === 0) return ["none"];
  const aside = setAsideOf(workers);
  const shown = [...aside, ...workers.filter((worker) => !aside.includes(worker))]
    .slice(0, maxWorkers)
    .map((worker) => workerLine(worker));
  const hidden = workers.length - shown.length;
  return hidden > 0 ? [...shown, `and ${count(hidden)} more`] : shown;
}

export function workerLine({ worker, device, member, state }: PresentWorker): string {
  const on = device === undefined ? "" : ` (device ${device})`;
  return `${worker}${on} ${doing(member, state)}`;
}

function doing(member: number | undefined, state: WorkerState): string {
  switch (state.kind) {
    case "set-aside":
      return (
        `has been set aside since ${time(state.since)}: ${shortened(state.reason, 200)}; ` +
        `it tests itself again at ${time(state.triesAt)}, and gives up at ${time(state.givesUpAt)}`
      );
    case "gave-up":
      return (
        `has left, set aside since ${time(state.since)}: ${shortened(state.reason, 200)}; ` +
        "when the cause is fixed, start a worker there again"
      );
    default:
      if (member !== undefined) return `trains member ${member}`;
      return state.kind === "waiting" ? "waits for a member" : "is between members";
  }
}
