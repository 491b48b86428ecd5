/**
 * A worker advances members, one generation at a time, with nothing but the two stores between it
 * and the other workers:
 *
 *     claim a member; make the trainer hold its newest snapshot
 *     exploit and explore, if that generation is not decided yet
 *     until ready: step; evaluate; save; publish
 *
 * Publishing and deciding are transactions that fail if the lease was lost. Everything that is
 * decided follows from the snapshots and from streams derived from (seed, member, generation).
 */

import {
  type Decision,
  decide,
  type Outcome,
  rescue,
} from "../algorithm/population-based-training.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import {
  type CheckpointId,
  type Hyperparameters,
  ordinalOf,
  type Snapshot,
  snapshotId,
} from "../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { ending } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import {
  type Claim,
  type Failure,
  LeaseLostError,
  type Phase,
  type PopulationStore,
  type Publication,
  type Run,
  RunNotFoundError,
  type WorkerId,
  type WorkerState,
} from "../population-store/population-store.ts";
import { pauseForEvents } from "../trainer/in-process/train-steps.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import { type Published, tryActingInRun } from "./acting-in-run.ts";
import { lookAt, restoreFrom, saveTo } from "./checkpoints.ts";
import { Collector } from "./collector.ts";
import type { Hang } from "./hang.ts";
import { Interruption, unlessHanging } from "./interruption.ts";
import { type Lease, Leases } from "./leases.ts";
import { type Measurement, measurementOf } from "./measurement.ts";
import { soundOthers } from "./others.ts";
import { PopulationView } from "./population-view.ts";
import { Presence } from "./presence.ts";
import { recovery } from "./recovery.ts";
import { type Failed, trySelf } from "./self-trial.ts";
import { pause, type Suspicion, sitOut, suspicionOf } from "./sitting-out.ts";
import {
  alwaysFailed,
  blamed,
  countOf,
  isGivenUp,
  needsRescue,
  pauseMs,
  placeOf,
  type Trouble,
  troubleOf,
  usualPatienceMs,
} from "./standing.ts";
import { storedFailure } from "./stored-failure.ts";
import { trainerSeed } from "./trainer-seed.ts";

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
  /** What the worker trains on, such as the GPUs that it was given; kept with failures. */
  readonly device?: string | undefined;
  /** Aborting drops the generation in progress and gives the member back. */
  readonly signal: AbortSignal;
  /**
   * How long a member stays this worker's when it is not heard of, in milliseconds; a minute when
   * left out.
   */
  readonly leaseMs?: number;
  /**
   * How long the first lease is at least, in milliseconds: a worker that blocked for longer than
   * its lease has been here before.
   */
  readonly firstLeaseMs?: number;
  /** Why the worker that was here before was killed: this one tries itself first. */
  readonly hang?: Hang | undefined;
  /** Hears which claim is in progress, or that none is. */
  readonly holds?: (claim: Claim | undefined) => void;
  /** Hears of each generation that was published, each decision and each failure. */
  readonly onEvent?: (event: WorkEvent) => void;
  /**
   * Other workers of this process get their turn after every generation: steps that never wait
   * would keep them out for long.
   */
  readonly takesTurns?: boolean;
  /**
   * How long nothing may succeed; 0 counts every failure at once, and pauses nowhere. ten minutes
   * when left out.
   */
  readonly patienceMs?: number | undefined;
  /** Is told why the worker is set aside, and when it is back. */
  readonly tell?: (line: string) => void;
  /**
   * Tries once in the run whether hyperparameters act that are not read back, and notes which do
   * not.
   */
  readonly triesActing?: boolean;
  /** Milliseconds, for wall time. */
  readonly now?: () => number;
  /** Waits, or until the signal. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * A waiting worker looks again after this time even if it hears of no change: a lease may have run
 * out.
 */
const waitMs = 500;

/** So many of a member's last failures are learnt from. */
const mostLessons = 200;

/** A worker that was asked to stop leaves after this time even if a store or the trainer hangs. */
const graceMs = 5_000;

/**
 * Works until the run has ended, the signal aborts, or the worker has to leave because everything
 * fails on it: resolves why, in that case. Rejects when a store fails; the member is then free
 * after its lease.
 */
export async function work(options: WorkerOptions): Promise<string | undefined> {
  const worker = new Worker(options);
  try {
    return await worker.work();
  } finally {
    // What was published stands, however its trainer ends.
    await options.session.dispose().catch((error) => console.error((error as Error).message));
  }
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #now: () => number;
  /**
   * The population, and the place in the history that it stands for; undefined when it has to be
   * read anew.
   */
  #known: { readonly view: PopulationView; readonly cursor: number } | undefined;
  /**
   * What the trainer holds: the member whose generation it ended, and the checkpoint and the
   * hyperparameters of that moment.
   */
  #held:
    | {
        readonly member: number;
        readonly checkpoint: CheckpointId;
        readonly hyperparameters: Hyperparameters;
      }
    | undefined;
  /** What the trainer was asked for last, and the snapshot that the generation began with. */
  #phase: Phase = "start";
  #began: Snapshot | undefined;
  #trainsSince = Number.POSITIVE_INFINITY;
  /** No donor could be found for the member that is tried. */
  #isWithoutDonor = false;
  /** The members that have failed here since the last success. */
  readonly #failedHere = new Set<number>();
  /** Everything fails here, as far as is known. */
  #suspicion: Suspicion | undefined;
  /**
   * How long somebody had worked on the run when the member was claimed, and this machine's clock
   * then.
   */
  #worked = { ms: 0, asOf: 0 };
  /** Whether hyperparameters act is to be tried after the first generation that was published. */
  #triesActing: boolean;
  #published: Published | undefined;
  readonly #patienceMs: number;
  readonly #leases: Leases;
  readonly #collector: Collector;
  readonly #presence: Presence;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#triesActing = options.triesActing ?? false;
    this.#patienceMs = options.patienceMs ?? usualPatienceMs;
    const { populationStore, signal, experiment, leaseMs, firstLeaseMs, run, worker, device } =
      options;
    this.#leases = new Leases(
      populationStore,
      signal,
      experiment.population,
      leaseMs,
      firstLeaseMs,
    );
    this.#collector = new Collector(options.populationStore, options.checkpointStore, options.run);
    this.#presence = new Presence(populationStore, run.id, worker, device);
  }

  async work(): Promise<string | undefined> {
    const { signal } = this.#options;
    const end = await this.#workUntilEnd().catch((error) => {
      if (error instanceof Interruption) return false;
      throw error;
    });
    await unlessHanging(this.#end(end), signal, graceMs).catch((error) => {
      if (!(error instanceof Interruption)) throw error;
    });
    return typeof end === "object" && end.kind === "gave-up" && !signal.aborted
      ? end.reason
      : undefined;
  }

  async #end(end: boolean | WorkerState): Promise<void> {
    const { populationStore, run, worker, signal } = this.#options;
    const hasEnded = end === true;
    // What a store has claimed ahead is given back, too.
    if (!hasEnded) await populationStore.releaseWorker(run.id, worker).catch(() => {});
    const isSeen = typeof end === "object" && !signal.aborted;
    if (hasEnded || isSeen) await this.#presence.say(isSeen ? end : undefined).catch(() => {});
    // Before the best model is verified, so that nobody writes any more.
    if (hasEnded) await this.#options.session.dispose();
    await this.#collector.end(hasEnded);
  }

  /** Resolves whether the run has ended; otherwise the worker was asked to stop, or gave up. */
  async #workUntilEnd(): Promise<boolean | WorkerState> {
    const { run, populationStore, signal, worker, takesTurns, hang } = this.#options;
    if (hang && this.#patienceMs > 0) this.#suspicion = await suspicionOf(this.#options, hang);
    while (!signal.aborted) {
      const left = this.#suspicion && (await this.#sitOut(this.#suspicion));
      if (left) return left;
      const seen = populationStore.mark();
      const claiming = populationStore.claimMember(
        run.id,
        worker,
        this.#leases.leaseMs,
        this.#held?.member,
      );
      const result = await unlessHanging(claiming, signal, graceMs);
      if (result.kind === "ended") return true;
      await this.#presence.remind({ kind: result.kind === "wait" ? "waiting" : "working" });
      if (result.kind === "wait") await populationStore.waitForChange(seen, waitMs, signal);
      else await this.#advance(result.claim);
      if (this.#published) await this.#tryActing(this.#published);
      await this.#collector.collectWhenDue();
      await pauseForEvents(takesTurns ? 0 : undefined);
    }
    return false;
  }

  /** No claim is held meanwhile. What the trainer holds afterwards is no member's. */
  async #tryActing(published: Published): Promise<void> {
    const { signal } = this.#options;
    this.#triesActing = false;
    this.#published = undefined;
    const isUsed = await unlessHanging(
      tryActingInRun(this.#options, published),
      signal,
      graceMs,
    ).catch((error) => {
      if (error instanceof RunNotFoundError) return true;
      throw error;
    });
    if (isUsed) this.#held = undefined;
  }

  /** Resolves undefined when the worker is back. */
  async #sitOut(suspicion: Suspicion): Promise<WorkerState | undefined> {
    const { signal, sleep = pause, tell = () => {} } = this.#options;
    const left = await sitOut(
      {
        trial: this.#options,
        presence: this.#presence,
        signal,
        graceMs,
        patienceMs: this.#patienceMs,
        leaseMs: this.#leases.leaseMs,
        now: this.#now,
        sleep,
        tell,
      },
      suspicion,
    );
    this.#suspicion = undefined;
    this.#failedHere.clear();
    return left;
  }

  /** One generation of a claimed member, or whatever has to come before it. */
  async #advance(claim: Claim): Promise<void> {
    this.#worked = { ms: claim.elapsedMs, asOf: this.#now() };
    const lease = this.#leases.keep(claim);
    this.#options.session.interruptWith(lease.check);
    this.#options.holds?.(claim);
    try {
      await unlessHanging(this.#train(claim, lease), this.#options.signal, graceMs);
    } catch (error) {
      this.#held = undefined;
      this.#collector.dropped();
      await unlessHanging(this.#handle(claim, error), this.#options.signal, graceMs).catch(
        (unhandled) => {
          if (!(unhandled instanceof LeaseLostError || unhandled instanceof Interruption))
            throw unhandled;
        },
      );
    } finally {
      this.#options.holds?.(undefined);
      lease.stop();
    }
  }

  async #train(claim: Claim, lease: Lease): Promise<void> {
    this.#began = claim.newest;
    this.#trainsSince = Number.POSITIVE_INFINITY;
    const snapshot = await this.#prepare(claim);
    if (!snapshot) return;
    this.#began = snapshot;
    await this.#hold(claim, snapshot);
    await this.#generation(claim, await this.#reevaluate(claim, snapshot), lease);
  }

  async #handle(claim: Claim, error: unknown): Promise<void> {
    if (error instanceof CheckpointError) return await this.#recover(claim, error);
    if (error instanceof TrainerError) return await this.#fail(claim, error);
    await this.#options.populationStore.releaseMember(claim).catch(() => {});
    const ended = error instanceof Interruption || error instanceof RunNotFoundError;
    if (!ended) throw error;
  }

  /** Trains, evaluates, saves and publishes. */
  async #generation(claim: Claim, start: Snapshot, lease: Lease): Promise<void> {
    const { experiment, session, populationStore, checkpointStore } = this.#options;
    const { budget } = experiment;
    const stepsLeft = (budget.stepsPerMember ?? Infinity) - start.memberSteps;
    const millisecondsLeft = (budget.wallSeconds ?? Infinity) * 1000 - this.#elapsedMs();
    this.#held = undefined;
    const { hyperparameters, step, generation } = start;
    const { ready } = experiment;
    this.#phase = "train";
    this.#trainsSince = performance.now();
    const steps = await session.train({
      hyperparameters,
      step,
      generation,
      ready,
      stepsLeft,
      millisecondsLeft,
    });
    const trainedMs = performance.now() - this.#trainsSince;
    const memberSteps = start.memberSteps + steps;
    const isLast =
      steps >= stepsLeft || this.#elapsedMs() >= (budget.wallSeconds ?? Infinity) * 1000;
    const measurement = await this.#evaluate(isLast);
    const reserve = (id: CheckpointId) => populationStore.reserveCheckpoint(claim, id);
    this.#phase = "save";
    // The member's newest checkpoint stays until this one is published in its place.
    const checkpoint = await saveTo(checkpointStore, session, reserve, start.checkpoint);
    lease.check();
    const trained: Snapshot = {
      id: snapshotId(claim.member, ordinalOf(start.id) + 1),
      member: claim.member,
      kind: "trained",
      parent: start.id,
      generation: start.generation + 1,
      step: start.step + steps,
      memberSteps,
      hyperparameters,
      checkpoint,
      ...measurement,
    };
    // Only the steps of all members together depend on what the others have done.
    const looks = this.#endsAtPublication && budget.totalSteps !== undefined;
    await this.#publish(claim, start.generation, looks, ({ now }) => {
      now.update(trained);
      const ended = this.#endsAtPublication
        ? this.#ending(now.totalSteps, trained.score)
        : undefined;
      return {
        snapshots: [trained],
        member: isLast ? "finished" : "active",
        undecided: !isLast,
        ...(now.best === trained && { best: trained.id }),
        // What is claimed ahead would wait for the trial.
        ...(!this.#triesActing && { next: { leaseMs: this.#leases.leaseMs, warm: claim.member } }),
        ...(ended !== undefined && { ending: ended }),
      };
    });
    this.#options.onEvent?.({ type: "snapshot", snapshot: trained });
    this.#held = { member: claim.member, checkpoint, hyperparameters };
    if (this.#triesActing) {
      const { member } = claim;
      const seed = trainerSeed(this.#options.run.seed, member, claim.restarted);
      this.#published = {
        turn: { member, seed, hyperparameters },
        from: { checkpoint, step: trained.step, generation: trained.generation },
        steps,
        ms: trainedMs,
        stepsLeft: stepsLeft - steps,
      };
    }
    this.#failedHere.clear();
    this.#collector.saved();
  }

  /** How long somebody has worked on the run. */
  #elapsedMs(): number {
    const { ms, asOf } = this.#worked;
    return ms + this.#now() - asOf;
  }

  /** Why the run ends here, if it does. */
  #ending(totalSteps: number, score: number | undefined): string | undefined {
    const { experiment } = this.#options;
    return ending(experiment, { totalSteps, elapsedMs: this.#elapsedMs(), score });
  }

  /**
   * The snapshot to train from: the newest, or what is decided about it first. Undefined when
   * there is none to train from now.
   */
  async #prepare(claim: Claim): Promise<Snapshot | undefined> {
    this.#isWithoutDonor = claim.undecided;
    if (claim.undecided) return await this.#decide(claim);
    if (claim.failures === 0) return claim.newest;
    const trouble = await this.#troubleOf(claim);
    if (!needsRescue(trouble, await this.#countOf(trouble))) return claim.newest;
    if (await this.#waitsForDonors(claim)) {
      await this.#options.populationStore.releaseMember(claim, pauseMs(1));
      return undefined;
    }
    const given = {
      why: `${trouble.failures.length} failures in a row`,
      failed: await this.#alwaysFailed(claim),
      explores: trouble.rescues === 0,
    };
    let rescued: Outcome | undefined;
    await this.#publish(claim, claim.newest.generation, true, ({ now }) => {
      const random = this.#random(claim.newest, "rescue");
      rescued = rescue(this.#options.experiment.strategies, claim.newest, now, random, given);
      return this.#goOnFrom(rescued);
    });
    this.#isWithoutDonor = rescued === undefined;
    return rescued?.next ?? claim.newest;
  }

  /**
   * In a synchronous run the donors are those who have ended the generation that failed, all of
   * them, so that a rescue does not depend on who comes first. Who needs a rescue itself is no
   * donor of that generation; of two such the one with the lower number comes first.
   */
  async #waitsForDonors({ member, newest }: Claim): Promise<boolean> {
    const { experiment, populationStore, run } = this.#options;
    if (!experiment.synchronous) return false;
    for (const other of await populationStore.members(run.id)) {
      const isBehind = other.state === "active" && other.newest.generation <= newest.generation;
      if (!isBehind || other.member === member) continue;
      if (other.member < member || other.failures === 0) return true;
      const trouble = await this.#troubleOf(other);
      if (!needsRescue(trouble, await this.#countOf(trouble))) return true;
    }
    return false;
  }

  /** What a member went through since it last published. */
  async #troubleOf(member: Pick<Claim, "member" | "failures">): Promise<Trouble> {
    return await this.#troubleAfter(member.member, await this.#failuresOf(member));
  }

  async #troubleAfter(member: number, failures: readonly Failure[]): Promise<Trouble> {
    const { populationStore: store, run } = this.#options;
    return await troubleOf(failures, store.history(run.id, member));
  }

  /** Since it last published, the latest first. */
  async #failuresOf({
    member,
    failures,
  }: Pick<Claim, "member" | "failures">): Promise<readonly Failure[]> {
    const { populationStore: store, run } = this.#options;
    return failures > 0 ? await store.failuresOf(run.id, member, failures) : [];
  }

  /** With what a member has always failed in this run. */
  async #alwaysFailed({ member, hasFailed }: Claim): Promise<readonly Hyperparameters[]> {
    const { populationStore, run } = this.#options;
    return hasFailed
      ? alwaysFailed(await populationStore.failuresOf(run.id, member, mostLessons))
      : [];
  }

  async #countOf(trouble: Trouble): Promise<number> {
    const { populationStore, run, worker } = this.#options;
    const others = await soundOthers(populationStore, run.id, worker, this.#now());
    return countOf(trouble, {
      patienceMs: this.#patienceMs,
      others: new Set(others.map(placeOf)),
    });
  }

  /**
   * Exploit and explore at the end of a generation, decided by whoever goes on with the member,
   * from the snapshots of that generation and before. In a synchronous run all members have
   * published it by then, so the decision is the same whoever makes it.
   */
  async #decide(claim: Claim): Promise<Snapshot | undefined> {
    const { strategies, synchronous, objective } = this.#options.experiment;
    const { newest } = claim;
    const failed = await this.#alwaysFailed(claim);
    let outcome: Outcome | undefined;
    let ended: string | undefined;
    await this.#publish(claim, newest.generation, true, (view) => {
      const population = view.upTo(newest.generation);
      const { totalSteps, best } = synchronous ? population : view.now;
      ended = this.#endsAtPublication ? undefined : this.#ending(totalSteps, best?.score);
      if (ended !== undefined) {
        if (objective.final === undefined)
          return { snapshots: [], member: "active", ending: ended };
        return { snapshots: [], member: "active", undecided: true, keepClaim: true };
      }
      outcome = decide(strategies, newest, population, this.#random(newest, "decide"), failed);
      if (outcome.decision.kind !== "stop") return this.#goOnFrom(outcome);
      if (objective.final === undefined)
        return { snapshots: [], decision: outcome.decision, member: "stopped" };
      return { snapshots: [], member: "active", undecided: true, keepClaim: true };
    });
    const isStopped = outcome?.decision.kind === "stop";
    if (objective.final !== undefined) {
      if (ended !== undefined) await this.#finish(claim, { member: "finished", reason: ended });
      if (isStopped) await this.#finish(claim, { member: "stopped", decision: outcome!.decision });
    }
    if (outcome) this.#options.onEvent?.({ type: "decision", decision: outcome.decision });
    if (!outcome || isStopped) return undefined;
    return outcome.next ?? newest;
  }

  /**
   * Whether the publication that spends the run's budget ends the run. In a synchronous run all
   * members get to the same generation first, and where a held-out metric is asked for each member
   * has its last evaluation first.
   */
  get #endsAtPublication(): boolean {
    const { synchronous, objective } = this.#options.experiment;
    return !synchronous && objective.final === undefined;
  }

  /** The last evaluation of a member that has come to its end, or whose run is over. */
  async #finish(
    claim: Claim,
    end: Pick<Publication, "member" | "decision" | "reason">,
  ): Promise<void> {
    await this.#hold(claim, claim.newest);
    const evaluated = await this.#evaluated(claim, claim.newest, true);
    await this.#publish(claim, claim.newest.generation, false, () => ({
      snapshots: [evaluated],
      ...end,
    }));
  }

  #goOnFrom(outcome: Outcome | undefined): Publication {
    return {
      snapshots: outcome?.next ? [outcome.next] : [],
      ...(outcome && { decision: outcome.decision }),
      member: "active",
      keepClaim: true,
    };
  }

  /**
   * Makes the trainer hold the snapshot's weights and hyperparameters, which it may do already.
   */
  async #hold(claim: Claim, snapshot: Snapshot): Promise<void> {
    const { session, run, checkpointStore } = this.#options;
    const { member } = claim;
    const { checkpoint, hyperparameters } = snapshot;
    if (this.#holds(checkpoint, member, hyperparameters))
      return await lookAt(checkpointStore, session, checkpoint);
    const restarted = snapshot.kind === "restarted" ? snapshot.generation : claim.restarted;
    const seed = trainerSeed(run.seed, member, restarted);
    const turn = { member, seed, hyperparameters };
    this.#phase = checkpoint === undefined ? "start" : "restore";
    if (checkpoint === undefined) await session.start(turn);
    else await restoreFrom(checkpointStore, session, checkpoint, turn);
  }

  #holds(
    checkpoint: CheckpointId | undefined,
    member: number,
    hyperparameters: Hyperparameters,
  ): boolean {
    if (this.#held?.checkpoint !== checkpoint || this.#held?.member !== member) return false;
    return (
      this.#options.session.hyperparameters === "with train" ||
      this.#held.hyperparameters === hyperparameters ||
      JSON.stringify(this.#held.hyperparameters) === JSON.stringify(hyperparameters)
    );
  }

  async #reevaluate(claim: Claim, snapshot: Snapshot): Promise<Snapshot> {
    if (!this.#options.experiment.reevaluate || snapshot.kind !== "copied") return snapshot;
    const evaluated = await this.#evaluated(claim, snapshot, false);
    await this.#publish(claim, snapshot.generation, false, () => ({
      snapshots: [evaluated],
      member: "active",
      keepClaim: true,
    }));
    return evaluated;
  }

  /** The snapshot that the trainer holds, evaluated again. */
  async #evaluated(claim: Claim, snapshot: Snapshot, isLast: boolean): Promise<Snapshot> {
    const { score, samples, ...unmeasured } = snapshot;
    return {
      ...unmeasured,
      id: snapshotId(claim.member, ordinalOf(snapshot.id) + 1),
      kind: "evaluated",
      parent: snapshot.id,
      ...(await this.#evaluate(isLast)),
    };
  }

  async #evaluate(isLast: boolean): Promise<Measurement> {
    const { experiment, session } = this.#options;
    const { metric, final } = experiment.objective;
    this.#phase = "evaluate";
    return measurementOf(await session.evaluate(isLast && final !== undefined), metric);
  }

  async #recover(claim: Claim, error: CheckpointError): Promise<void> {
    const { populationStore, checkpointStore } = this.#options;
    const publication = await recovery(populationStore, checkpointStore, claim, error);
    await populationStore.publish(claim, Number.MAX_SAFE_INTEGER, () => publication);
  }

  async #fail(claim: Claim, error: TrainerError): Promise<void> {
    const { populationStore, session, signal, worker, device } = this.#options;
    const { id, hyperparameters } = this.#began ?? claim.newest;
    const phase = this.#phase;
    const trainedMs = Math.max(0, performance.now() - this.#trainsSince);
    await session.dispose().catch(() => {});
    // A scheduler may signal every process of a job: a trainer that ends with its worker has not
    // failed.
    if (signal.aborted) return await populationStore.releaseMember(claim);
    const failed = { member: claim.member, phase, trainedMs };
    const tried = await this.#trySelf(error, failed);
    if (signal.aborted) return await populationStore.releaseMember(claim);
    const before = await this.#failuresOf(claim);
    const against = blamed({ worker, cause: error.kind }, tried?.error !== undefined, before);
    const failure: Failure = {
      member: claim.member,
      generation: claim.newest.generation,
      snapshot: id,
      hyperparameters,
      worker,
      ...(device !== undefined && { device }),
      phase,
      cause: error.kind,
      against,
      at: this.#now(),
      ...storedFailure(claim.member, error, console.error),
    };
    const trouble = await this.#troubleAfter(claim.member, [failure, ...before]);
    const isOver = isGivenUp(trouble, await this.#countOf(trouble), this.#isWithoutDonor);
    const rests = against !== "worker" && error.kind !== "contract" && this.#patienceMs > 0;
    const restMs = rests ? pauseMs(trouble.failures.length) : 0;
    await populationStore.recordFailure(claim, failure, isOver ? "failed" : "active", restMs);
    this.#options.onEvent?.({ type: "failure", failure });
    if (tried?.error)
      this.#suspicion = { failure, failed, error: tried.error, hasTrained: tried.hasTrained };
  }

  /** Tries whether a failure is the worker's, where it may be. */
  async #trySelf(error: TrainerError, failed: Failed) {
    this.#failedHere.add(failed.member);
    const mayBeOwn =
      error.kind === "trainer" || (error.kind === "outside" && this.#failedHere.size > 1);
    if (this.#patienceMs === 0 || !mayBeOwn) return undefined;
    // What the trainer that failed has held, such as a port or a GPU's memory, may be free a
    // moment later only.
    const { signal, sleep = pause } = this.#options;
    await sleep(pauseMs(1), signal);
    return signal.aborted ? undefined : await trySelf(this.#options, failed, 0);
  }

  /**
   * Publishes with the population as it is now, or as it was at the last look. When it fails the
   * view is read anew: it may hold what was not published. `generation` is that of the claimed
   * member, since a decision about another member of that generation may come next.
   */
  async #publish(
    claim: Claim,
    generation: number,
    looks: boolean,
    publication: (view: PopulationView) => Publication,
  ): Promise<void> {
    const { populationStore, run } = this.#options;
    const known = this.#known;
    this.#known = undefined;
    const { view, cursor } =
      known ?? (await PopulationView.read(populationStore, run, generation));
    const after = await populationStore.publish(
      claim,
      looks ? cursor : Number.MAX_SAFE_INTEGER,
      (changes) => {
        for (const snapshot of changes) view.update(snapshot);
        return publication(view);
      },
    );
    this.#known = { view, cursor: looks ? after : cursor };
  }

  #random(snapshot: Snapshot, purpose: string): Random {
    return randomStream(this.#options.run.seed, purpose, snapshot.member, snapshot.generation);
  }
}
