/**
 * A worker on which everything fails. It claims nothing, tests itself after growing pauses, and is
 * back as soon as a trial succeeds. When its patience is over it leaves the run to the others,
 * including those that are set aside and still test themselves. If there are no others, everything
 * has failed everywhere, and the members are given up.
 */
import type { Failure, WorkerId, WorkerState } from "../population-store/population-store.ts";
import { RunNotFoundError } from "../population-store/population-store.ts";
import { TrainerError } from "../trainer/trainer-session.ts";
import type { Clock } from "./clock.ts";
import type { Hang } from "./hang.ts";
import { Interruption, withGracePeriod } from "./interruption.ts";
import { lookEvery } from "./look-every.ts";
import { isOthersTurn, soundOthers } from "./others.ts";
import type { Presence } from "./presence.ts";
import { type Failed, type SelfTrial, trySelf } from "./self-trial.ts";
import { pauseMs } from "./standing.ts";

/** How often it checks whether its run has ended, and whether another worker is back. */
const lookMs = (members: number) => Math.max(1_000, 10 * members);

export interface SittingOut {
  readonly trial: SelfTrial;
  readonly presence: Presence;
  readonly signal: AbortSignal;
  readonly graceMs: number;
  readonly patienceMs: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
}

/**
 * Why a worker sits out: the failure, the failure of its trial, and whether anything was trained
 * in this run before.
 */
export interface Suspicion {
  readonly failure: Omit<
    Failure,
    "member" | "generation" | "at" | "against" | "message" | "stack"
  >;
  readonly failed: Failed;
  readonly error: TrainerError;
  readonly hasTrained: boolean;
  /** The workers before this one were blocked here. */
  readonly hang?: Hang;
}

/** What is known about a worker whose predecessor was blocked by its trainer. */
export async function suspicionOf(
  {
    populationStore,
    run,
    worker,
    device,
  }: SelfTrial & Pick<Failure, "worker"> & { readonly device?: string | undefined },
  hang: Hang,
): Promise<Suspicion> {
  const { member, blockedMs, message } = hang;
  const { snapshots } = await populationStore.present(run.id);
  return {
    failure: { worker, ...(device !== undefined && { device }), phase: "train", cause: "trainer" },
    failed: { member, phase: "train", trainedMs: blockedMs },
    error: new TrainerError(message, "The trainer did not return, and let nothing else run."),
    hasTrained: snapshots.some(({ kind }) => kind === "trained"),
    hang,
  };
}

/** If nothing was ever trained, the reason is rarely an outage. */
const shareWithoutSuccess = 1 / 10;

/** Resolves undefined if the worker is back, and otherwise why it has left. */
export async function sitOut(
  options: SittingOut,
  suspicion: Suspicion,
): Promise<WorkerState | undefined> {
  const { trial, presence, patienceMs, clock, tell } = options;
  const { now } = clock;
  const { failure, failed, hang } = suspicion;
  let { error, hasTrained } = suspicion;
  const since = hang?.since ?? now();
  let hopesFrom = since;
  const gaveUp = () => ({ kind: "gave-up" as const, since, reason: error.message });
  using end = watchOthers(options, failure.worker);
  const what = hasTrained ? "a generation that has succeeded before" : "another member";
  tell(
    hang
      ? `tests itself first: ${hang.message}`
      : `set aside: ${what} fails here, too: ${error.message}`,
  );
  for (let tries = hang?.hangs ?? 1; ; tries++) {
    const lastsMs = patienceMs * (hasTrained ? 1 : shareWithoutSuccess);
    if (tries > 1 && now() >= hopesFrom + lastsMs) {
      if (await isOthersTurn(trial.populationStore, trial.run.id, failure.worker, now())) break;
      // No other worker is left, so it waits as long as the last of them would have waited.
      hopesFrom = Math.max(hopesFrom, await publishedAt(trial));
      if (now() >= hopesFrom + lastsMs) {
        await giveUpMembers(
          options,
          { ...failure, message: error.message, stack: error.detail },
          end.signal,
        );
        break;
      }
    }
    const givesUpAt = hopesFrom + lastsMs;
    const triesAt = Math.min(now() + pauseMs(tries), givesUpAt);
    await presence.say({ kind: "set-aside", since, reason: error.message, triesAt, givesUpAt });
    await clock.pause(triesAt - now(), AbortSignal.any([end.signal, end.anotherIsBack()]));
    if (end.signal.aborted) return gaveUp();
    const tried = await tryOnce(options, failed, tries, end.signal);
    if (!tried) return gaveUp();
    hasTrained = tried.hasTrained;
    if (!tried.error) {
      tell("back: a trial has succeeded");
      await presence.say({ kind: "working" });
      return undefined;
    }
    error = tried.error;
  }
  const seconds = Math.round((now() - since) / 1000);
  tell(
    `leaving: every attempt in the last ${seconds} s failed; the last error was: ${error.message}`,
  );
  return gaveUp();
}

/** One trial. Resolves undefined if the worker has to leave meanwhile. */
async function tryOnce(
  { trial, clock, graceMs }: SittingOut,
  failed: Failed,
  tries: number,
  signal: AbortSignal,
) {
  trial.session.interruptWith(() => {
    if (signal.aborted) throw new Interruption();
  });
  try {
    return await withGracePeriod(trySelf(trial, failed, tries), signal, graceMs, clock);
  } catch (error) {
    if (error instanceof Interruption) return undefined;
    throw error;
  }
}

/** When the run's last snapshot was published. */
async function publishedAt({ populationStore: store, run }: SelfTrial): Promise<number> {
  const end = await store.end(run.id);
  const { snapshots } = await store.changes(run.id, { ...end, snapshots: end.snapshots - 1 });
  return Math.max(...snapshots.map((snapshot) => snapshot.publishedAt));
}

/** Gives up the members, because no worker can train any. */
async function giveUpMembers(
  { trial, clock: { now }, leaseMs }: SittingOut,
  failure: Omit<Failure, "member" | "generation" | "at" | "against">,
  ended: AbortSignal,
): Promise<void> {
  const { populationStore: store, run } = trial;
  const { worker } = failure;
  while (!ended.aborted && !(await isOthersTurn(store, run.id, worker, now()))) {
    const seen = store.mark();
    const result = await store.claimMember(run.id, worker, { leaseMs });
    if (result.kind === "ended") return;
    if (result.kind === "wait") {
      await store.waitForChange(seen, lookMs(run.experiment.population), ended);
      continue;
    }
    const { member, generation, id, hyperparameters } = result.claim.newest;
    const last = { ...failure, member, generation, snapshot: id, hyperparameters, at: now() };
    await store.recordFailure(result.claim, { ...last, against: "worker" }, "failed");
  }
}

/**
 * `signal` aborts when the worker is asked to leave, and when its run has ended. `anotherIsBack`
 * aborts when a worker trains again after none did: an outage that is over for one is over for
 * all.
 */
function watchOthers(
  { trial, signal, clock }: SittingOut,
  worker: WorkerId,
): Disposable & {
  readonly signal: AbortSignal;
  anotherIsBack(): AbortSignal;
} {
  const { populationStore: store, run } = trial;
  const ended = new AbortController();
  let back = new AbortController();
  let wasAlone = false;
  const look = async () => {
    const { state } = await store.run(run.id);
    if (state.kind !== "running") return ended.abort();
    const isAlone = (await soundOthers(store, run.id, worker, clock.now())).length === 0;
    if (wasAlone && !isAlone) back.abort();
    wasAlone = isAlone;
  };
  const looking = lookEvery(clock, lookMs(run.experiment.population), () =>
    look().catch((error) => {
      if (error instanceof RunNotFoundError) ended.abort();
    }),
  );
  return {
    signal: AbortSignal.any([signal, ended.signal]),
    anotherIsBack() {
      if (back.signal.aborted) back = new AbortController();
      return back.signal;
    },
    [Symbol.dispose]: () => looking[Symbol.dispose](),
  };
}
