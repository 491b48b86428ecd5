/** Workers in threads of their own, for trainers that keep a core busy. */
import { CladeError } from "../../algorithm/clade-error.ts";
import type { CheckpointStore } from "../../checkpoint-store/checkpoint-store.ts";
import type { PopulationStore, WorkerId } from "../../population-store/population-store.ts";
import { Calls } from "./calls.ts";
import { answersOf } from "./stores.ts";
import type { Task } from "./thread.ts";
import type { Thread } from "./web-thread.ts";

export interface ThreadedWork extends Omit<Task, "worker" | "settleMs"> {
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly signal: AbortSignal;
  readonly start: () => Thread;
}

/** A thread that dies this often, for example because memory is full, is not started again. */
const maxDeaths = 3;

/** A trainer that never yields does not see that it should stop: its thread is ended then. */
const graceMs = 10_000;

/**
 * Works in a thread until the run has ended or the signal aborts. A thread that dies is replaced,
 * and its member goes on from what it had published.
 */
export async function workInThread(work: ThreadedWork, worker: string): Promise<void> {
  for (let deaths = 1; ; deaths++) {
    const name = `${worker}-${deaths}` as WorkerId;
    const died = await workOnce(work, name);
    if (!died || work.signal.aborted) return;
    await work.populationStore.releaseWorker(work.run.id, name);
    if (deaths === maxDeaths)
      throw new CladeError(`run ${work.run.id}: a thread died ${deaths} times: ${died.message}`, {
        cause: died,
      });
  }
}

/** Resolves why the thread died, if it did. Rejects with what its worker rejects with. */
async function workOnce(
  { populationStore, checkpointStore, signal, start, ...task }: ThreadedWork,
  worker: WorkerId,
): Promise<Error | undefined> {
  const { run } = task;
  const { settleMs } = checkpointStore;
  const thread = start();
  const calls: Calls = new Calls(
    thread,
    answersOf(populationStore, checkpointStore, run.id, () => calls),
  );
  let died: Error | undefined;
  thread.onEnd((error) => {
    died = error;
    calls.end(error);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const leave = () => {
    timer = setTimeout(() => calls.end(signal.reason), graceMs);
  };
  signal.addEventListener("abort", leave);
  if (signal.aborted) leave();
  try {
    await calls.call("work", [{ ...task, worker, settleMs }], signal);
  } catch (error) {
    if (died) return died;
    if (!signal.aborted) throw error;
    await populationStore.releaseWorker(run.id, worker);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", leave);
    await thread.terminate();
  }
  return undefined;
}
