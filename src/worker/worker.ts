/**
 * A worker advances members, one generation at a time: it claims a member, advances it
 * (`generation.ts`), and continues with the next. Workers share only the two stores. Publishing is
 * a transaction that fails if the lease was lost. All decisions follow from the snapshots and from
 * streams derived from (seed, member, generation).
 */
import type { Decision } from "../algorithm/population-based-training.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { stepsLeft } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  type Failure,
  LeaseLostError,
  type PopulationStore,
  type Publication,
  type Run,
  RunNotFoundError,
  type WorkerId,
  type WorkerState,
} from "../population-store/population-store.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import type { Published } from "./acting-in-run.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Collect, Collector } from "./collector.ts";
import { afterError } from "./failed-generation.ts";
import { type Attempt, advance, type Outcome } from "./generation.ts";
import type { Hang } from "./hang.ts";
import { HeldTrainer } from "./held-trainer.ts";
import { Interruption, withGracePeriod } from "./interruption.ts";
import { KnownPopulation } from "./known-population.ts";
import { Leases } from "./leases.ts";
import { Presence } from "./presence.ts";
import { type Suspicion, sitOut, suspicionOf } from "./sitting-out.ts";
import { defaultPatienceMs } from "./standing.ts";
import { trainerSeed } from "./trainer-seed.ts";
import type { Onlooker } from "./trouble.ts";

/** What a worker itself has done. */
export type WorkEvent =
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "decision"; readonly decision: Decision }
  | { readonly type: "failure"; readonly failure: Failure };

export interface WorkerOptions {
  readonly worker: WorkerId;
  readonly run: Run;
  readonly experiment: Experiment;
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly session: TrainerSession;
  /** What the worker trains on, such as its GPUs. Recorded with failures. */
  readonly device?: string | undefined;
  /** Aborting discards the generation in progress and gives the member back. */
  readonly signal: AbortSignal;
  /** Lease duration in milliseconds (default 60,000). */
  readonly leaseMs?: number;
  /**
   * Minimum of the first lease in milliseconds, if the previous worker here blocked for longer
   * than its lease.
   */
  readonly firstLeaseMs?: number;
  /** Why the previous worker here was killed. This one tests itself first. */
  readonly hang?: Hang | undefined;
  /** Is told which claim is in progress, or that none is. */
  readonly holds?: (claim: Claim | undefined) => void;
  /** Is told of each published generation, each decision and each failure. */
  readonly onEvent?: (event: WorkEvent) => void;
  /**
   * Gives other workers of this process a turn after every generation. Steps that never wait would
   * block them for long.
   */
  readonly takesTurns?: boolean;
  /**
   * How long to wait without any success (default: ten minutes). 0 counts every failure at once,
   * and never pauses.
   */
  readonly patienceMs?: number | undefined;
  /** Is told why the worker is set aside, and that it is back. */
  readonly tell?: (line: string) => void;
  /**
   * Tests once in the run whether hyperparameters that are not read back have an effect, and notes
   * which have none.
   */
  readonly triesActing?: boolean;
  /** Collects unused checkpoints, where the stores are elsewhere (default: here). */
  readonly collect?: Collect;
  readonly clock?: Clock;
}

/**
 * A waiting worker looks again after this time even without a change, because a lease may have
 * expired.
 */
const waitMs = 500;

/** A worker asked to stop exits within this time, even if a store or the trainer hangs. */
const graceMs = 5_000;

/**
 * Works until the run has ended, the signal aborts, or the worker has to leave because everything
 * fails on it. In the last case it resolves the reason. Rejects if a store fails; the member is
 * then free after its lease.
 */
export async function work(options: WorkerOptions): Promise<string | undefined> {
  const worker = new Worker(options);
  try {
    return await worker.work();
  } finally {
    // What was published stays valid, however the trainer ends.
    await options.session.dispose().catch((error) => console.error((error as Error).message));
  }
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #onlooker: Onlooker;
  readonly #population: KnownPopulation;
  readonly #trainer: HeldTrainer;
  readonly #leases: Leases;
  readonly #collector: Collector;
  readonly #presence: Presence;
  /** The members that have failed on this worker since its last success. */
  readonly #failedHere = new Set<number>();
  /** Everything fails on this worker, as far as is known. */
  #suspicion: Suspicion | undefined;
  /**
   * Whether the effect of hyperparameters is still to be tested, after the first published
   * generation.
   */
  #triesActing: boolean;
  #toTry: Published | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { populationStore, checkpointStore, signal, experiment, run, worker, device } = options;
    const { clock = systemClock, patienceMs = defaultPatienceMs } = options;
    const { leaseMs, firstLeaseMs } = options;
    this.#clock = clock;
    this.#triesActing = options.triesActing ?? false;
    this.#onlooker = { populationStore, run: run.id, worker, patienceMs, now: clock.now };
    this.#population = new KnownPopulation(populationStore, run, experiment.strategies);
    this.#trainer = new HeldTrainer(options, clock);
    this.#leases = new Leases(
      populationStore,
      signal,
      clock,
      experiment.population,
      leaseMs,
      firstLeaseMs,
    );
    this.#collector = new Collector(populationStore, checkpointStore, run, clock, options.collect);
    this.#presence = new Presence(populationStore, run.id, worker, device, clock);
  }

  async work(): Promise<string | undefined> {
    const { signal } = this.#options;
    const end = await this.#workUntilEnd().catch((error) => {
      if (error instanceof Interruption) return false;
      throw error;
    });
    await this.#withGracePeriod(this.#end(end)).catch((error) => {
      if (!(error instanceof Interruption)) throw error;
    });
    return typeof end === "object" && end.kind === "gave-up" && !signal.aborted
      ? end.reason
      : undefined;
  }

  /** Resolves whether the run has ended. Otherwise the worker was asked to stop, or gave up. */
  async #workUntilEnd(): Promise<boolean | WorkerState> {
    const { populationStore, signal, takesTurns, hang } = this.#options;
    if (hang && this.#onlooker.patienceMs > 0)
      this.#suspicion = await suspicionOf(this.#options, hang);
    let ahead: ClaimResult | undefined;
    while (!signal.aborted) {
      const left = this.#suspicion && (await this.#sitOut(this.#suspicion));
      if (left) return left;
      const seen = populationStore.mark();
      // If no member was free, something may have changed since.
      const result = ahead && ahead.kind !== "wait" ? ahead : await this.#claim();
      ahead = undefined;
      if (result.kind === "ended") return true;
      await this.#presence.remind({ kind: result.kind === "wait" ? "waiting" : "working" });
      if (result.kind === "wait") await populationStore.waitForChange(seen, waitMs, signal);
      else ahead = await this.#advance(result);
      if (this.#toTry) await this.#tryActing(this.#toTry);
      await this.#collector.collectWhenDue();
      await this.#clock.giveWay(takesTurns ? 0 : undefined);
    }
    return false;
  }

  async #end(end: boolean | WorkerState): Promise<void> {
    const { populationStore, run, worker, signal, session } = this.#options;
    const hasEnded = end === true;
    // The next claim is given back, too.
    if (!hasEnded) await populationStore.releaseWorker(run.id, worker).catch(() => {});
    const isSeen = typeof end === "object" && !signal.aborted;
    if (hasEnded || isSeen) await this.#presence.say(isSeen ? end : undefined).catch(() => {});
    // Before the best model is verified, so that its files no longer change.
    if (hasEnded) await session.dispose();
    await this.#collector.end(hasEnded);
  }

  async #claim(): Promise<ClaimResult> {
    const { populationStore, run, worker } = this.#options;
    return await this.#withGracePeriod(
      populationStore.claimMember(run.id, worker, this.#request(this.#trainer.member)),
    );
  }

  #request(warm: number | undefined): ClaimRequest {
    return { leaseMs: this.#leases.leaseMs, warm, since: this.#population.cursor };
  }

  /** Advances a claimed member. Resolves the next claim, if one came with the publication. */
  async #advance({
    claim,
    news,
  }: Extract<ClaimResult, { kind: "claimed" }>): Promise<ClaimResult | undefined> {
    const { session, holds } = this.#options;
    const claimedAt = this.#clock.now();
    const lease = this.#leases.keep(claim);
    session.interruptWith(lease.check);
    holds?.(claim);
    const { newest } = claim;
    const attempt: Attempt = {
      newest,
      hyperparameters: newest.hyperparameters,
      isWithoutDonor: false,
    };
    const training = {
      ...this.#options,
      population: this.#population,
      onlooker: this.#onlooker,
      trainer: this.#trainer,
      elapsedMs: () => claim.elapsedMs + this.#clock.now() - claimedAt,
      check: lease.check,
      // A worker should not hold a member while it does something else.
      nextClaim: () =>
        this.#triesActing || this.#collector.isDue ? undefined : this.#request(claim.member),
      onPublished: (publication: Publication) => this.#published(publication),
    };
    try {
      const outcome = await this.#withGracePeriod(advance(training, claim, news, attempt));
      if (outcome.trained) this.#succeeded(claim, outcome.trained);
      return outcome.next;
    } catch (error) {
      this.#trainer.drop();
      this.#collector.dropped();
      await this.#afterError(claim, attempt, error);
      return undefined;
    } finally {
      holds?.(undefined);
      lease.stop();
    }
  }

  async #afterError(claim: Claim, attempt: Attempt, error: unknown): Promise<void> {
    const failing = {
      ...this.#options,
      trainer: this.#trainer,
      trial: this.#options,
      onlooker: this.#onlooker,
      clock: this.#clock,
      failedHere: this.#failedHere,
      onFailure: (failure: Failure) => this.#options.onEvent?.({ type: "failure", failure }),
    };
    try {
      const handling = afterError(failing, claim, attempt, error);
      this.#suspicion = await this.#withGracePeriod(handling);
    } catch (unhandled) {
      if (!(unhandled instanceof LeaseLostError || unhandled instanceof Interruption))
        throw unhandled;
    }
  }

  #published(publication: Publication): void {
    if (publication.kind === "ended") return;
    const { decision, snapshot } = publication;
    if (snapshot) this.#population.published(snapshot);
    const { onEvent } = this.#options;
    if (decision) onEvent?.({ type: "decision", decision });
    if (publication.kind === "trained")
      onEvent?.({ type: "snapshot", snapshot: publication.snapshot });
  }

  #succeeded(claim: Claim, { snapshot, steps, ms }: NonNullable<Outcome["trained"]>): void {
    this.#failedHere.clear();
    this.#collector.saved();
    if (!this.#triesActing) return;
    const { run, experiment } = this.#options;
    const { member, restarted } = claim;
    const { checkpoint, hyperparameters, step, generation } = snapshot;
    this.#toTry = {
      turn: { member, seed: trainerSeed(run.seed, member, restarted), hyperparameters },
      from: { ...(checkpoint !== undefined && { checkpoint }), step, generation },
      steps,
      ms,
      stepsLeft: stepsLeft(experiment.budget, snapshot),
    };
  }

  /** No claim is held meanwhile. What the trainer holds afterwards belongs to no member. */
  async #tryActing(published: Published): Promise<void> {
    this.#triesActing = false;
    this.#toTry = undefined;
    // Loaded where it is asked for: programs and pages do not.
    const { tryActingInRun } = await import("./acting-in-run.ts");
    const trying = tryActingInRun({ ...this.#options, clock: this.#clock }, published);
    const isUsed = await this.#withGracePeriod(trying).catch((error) => {
      if (error instanceof RunNotFoundError) return true;
      throw error;
    });
    if (isUsed) this.#trainer.drop();
  }

  /** Resolves undefined when the worker is back. */
  async #sitOut(suspicion: Suspicion): Promise<WorkerState | undefined> {
    const { signal, tell = () => {} } = this.#options;
    const left = await sitOut(
      {
        trial: this.#options,
        presence: this.#presence,
        signal,
        graceMs,
        patienceMs: this.#onlooker.patienceMs,
        leaseMs: this.#leases.leaseMs,
        clock: this.#clock,
        tell,
      },
      suspicion,
    );
    this.#suspicion = undefined;
    this.#failedHere.clear();
    return left;
  }

  #withGracePeriod<T>(work: Promise<T>): Promise<T> {
    return withGracePeriod(work, this.#options.signal, graceMs, this.#clock);
  }
}
