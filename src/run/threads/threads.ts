/** Workers in threads of their own, for trainers that keep a core busy. */
import { CladeError } from "../../algorithm/clade-error.ts";
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { CheckpointStore } from "../../checkpoint-store/checkpoint-store.ts";
import {
  type Claim,
  LeaseLostError,
  type PopulationStore,
  type WorkerId,
} from "../../population-store/population-store.ts";
import { Calls } from "./calls.ts";
import { answersOf } from "./stores.ts";
import type { Task } from "./thread.ts";
import type { Thread } from "./web-thread.ts";

export interface ThreadedWork extends Omit<Task, "worker" | "settleMs"> {
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly signal: AbortSignal;
  /** Aborts when the run has ended, by what another thread did. */
  readonly ended: AbortSignal;
  readonly start: () => Thread;
}

/** What a thread was doing, as far as its calls show. */
interface Doing {
  claim: Claim | undefined;
  /** What it trains on from. */
  from: Snapshot | undefined;
  hasPublished: boolean;
}

/** A thread that dies so often without publishing anything is not started again. */
const maxDeaths = 10;

/** A trainer that never yields does not see that it should stop: its thread is ended then. */
const graceMs = 10_000;

/**
 * Works in a thread until the run has ended or the signal aborts. A thread that dies is replaced:
 * that is a failure of the member that it trained, which goes on from what it had published.
 */
export async function workInThread(work: ThreadedWork, worker: string): Promise<void> {
  const { run, signal, ended, populationStore } = work;
  let inARow = 0;
  for (let number = 1; ; number++) {
    const name = `${worker}-${number}` as WorkerId;
    const doing: Doing = { claim: undefined, from: undefined, hasPublished: false };
    const died = await workOnce(work, name, doing);
    if (!died || signal.aborted || ended.aborted) return;
    if (doing.claim) await recordDeath(populationStore, doing.claim, doing.from, died);
    await populationStore.releaseWorker(run.id, name);
    inARow = doing.hasPublished ? 1 : inARow + 1;
    if (inARow < maxDeaths) continue;
    const why = `a thread died ${maxDeaths} times without publishing anything: ${died.message}`;
    throw new CladeError(`run ${run.id}: ${why}`, { cause: died });
  }
}

async function recordDeath(
  store: PopulationStore,
  claim: Claim,
  from: Snapshot | undefined,
  { message, stack = message }: Error,
): Promise<void> {
  const { id: snapshot, hyperparameters, generation } = from ?? claim.newest;
  const failure = {
    member: claim.member,
    generation,
    snapshot,
    hyperparameters,
    worker: claim.worker,
    cause: "trainer" as const,
    against: "member" as const,
    at: Date.now(),
    message: `its thread died: ${message}`,
    stack,
  };
  await store.recordFailure(claim, failure, "active").catch((error) => {
    if (!(error instanceof LeaseLostError)) throw error;
  });
}

/** Resolves why the thread died, if it did. Rejects with what its worker rejects with. */
async function workOnce(
  { populationStore, checkpointStore, signal, ended, start, ...task }: ThreadedWork,
  worker: WorkerId,
  doing: Doing,
): Promise<Error | undefined> {
  const { run } = task;
  const { settleMs } = checkpointStore;
  const thread = start();
  const ready = Promise.withResolvers<void>();
  const calls: Calls = new Calls(thread, {
    ...answersOf(observed(populationStore, doing), checkpointStore, run.id, () => calls),
    ready: () => ready.resolve(),
  });
  let died: Error | undefined;
  const end = (error: unknown) => {
    calls.end(error);
    ready.reject(error);
  };
  thread.onEnd((error) => {
    died = error;
    end(error);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = AbortSignal.any([signal, ended]);
  const leave = () => {
    timer = setTimeout(() => end(stop.reason), graceMs);
  };
  stop.addEventListener("abort", leave);
  if (stop.aborted) leave();
  try {
    // What is sent to a script that is still loading may be lost.
    await ready.promise;
    await calls.call("work", [{ ...task, worker, settleMs }], signal);
  } catch (error) {
    if (died) return died;
    if (!stop.aborted) throw error;
    await populationStore.releaseWorker(run.id, worker);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", leave);
    await thread.terminate();
  }
  return undefined;
}

/** The store, which notes what the thread that calls it does. */
function observed(store: PopulationStore, doing: Doing): PopulationStore {
  const own: Partial<PopulationStore> = {
    async claimMember(...given) {
      const result = await store.claimMember(...given);
      doing.claim = result.kind === "claimed" ? result.claim : undefined;
      doing.from = undefined;
      return result;
    },
    async begin(claim, from) {
      doing.from = from;
      return await store.begin(claim, from);
    },
    async publish(...given) {
      const next = await store.publish(...given);
      doing.hasPublished = true;
      doing.claim = next?.kind === "claimed" ? next.claim : undefined;
      doing.from = undefined;
      return next;
    },
    async recordFailure(...given) {
      await store.recordFailure(...given);
      doing.claim = undefined;
    },
  };
  return new Proxy(store, {
    get(target, name) {
      if (name in own) return Reflect.get(own, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
