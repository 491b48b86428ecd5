/**
 * A worker advances members, one generation at a time, with nothing but the two stores between it and the other workers:
 *
 *     claim a member; make the trainer hold its newest snapshot
 *     until ready: step; evaluate; save
 *     publish, exploit and explore in one transaction, which fails if the lease was lost
 *
 * Everything that is decided follows from the snapshots and from streams derived from (seed, member, generation).
 */
import { CladeError } from "../algorithm/clade-error.ts";
import { RankedPopulation } from "../algorithm/population.ts";
import { decide, type Outcome, rescue } from "../algorithm/population-based-training.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import { type CheckpointId, ordinalOf, type Snapshot, snapshotId } from "../algorithm/snapshot.ts";
import { CheckpointError, type CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import { ending } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import {
  type Claim,
  elapsedMs,
  LeaseLostError,
  type PopulationStore,
  type Publication,
  type Run,
  RunNotFoundError,
  type WorkerId,
} from "../population-store/population-store.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import { type Measurement, measurementOf } from "./measurement.ts";
import { pauseForEvents, trainGeneration } from "./train-generation.ts";

export interface WorkerOptions {
  readonly worker: WorkerId;
  readonly run: Run;
  readonly experiment: Experiment;
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly session: TrainerSession;
  /** Aborting drops the generation in progress and gives the member back. */
  readonly signal: AbortSignal;
  /** Milliseconds, for wall time. */
  readonly now?: () => number;
}

/** A lease lasts this long without renewal. Dead workers of this machine are noticed at once, so only a lost machine waits for it. */
const initialLeaseMs = 60_000;

/** How often a lease is renewed, and how soon a worker notices that its run was stopped. */
const renewalMs = 1_000;

/** A waiting worker looks again after this time even if it hears of no change: a lease may have run out. */
const waitMs = 500;

/** Checkpoints that nobody needs are collected at most this often by each worker. */
const collectionMs = 2_000;

/** The first failure repeats the generation, the second takes a donor's place, and after this many the run goes on without the member. */
const failuresUntilRescue = 2;
const failuresUntilGivenUp = 4;

/** Works until the run has ended or the signal aborts. Rejects when a store fails; the member is then free after its lease. */
export async function work(options: WorkerOptions): Promise<void> {
  const worker = new Worker(options);
  try {
    await worker.work();
  } finally {
    await options.session.dispose();
  }
}

/** The generation is dropped because the worker was asked to stop. */
class Interruption extends CladeError {}

interface Lease {
  /** Throws when the generation must not go on. */
  check(): void;
  stop(): void;
}

/** The seed that a member's trainer starts with. */
export function trainerSeed(seed: number, member: number): number {
  return randomStream(seed, "trainer", member).integer(2 ** 31);
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #now: () => number;
  #population: RankedPopulation;
  /** The place in the history that the population stands for; undefined when it has to be read anew. */
  #cursor: number | undefined;
  /** What the trainer holds: the member whose generation it ended, and the checkpoint of that moment. */
  #held: { readonly member: number; readonly checkpoint: CheckpointId } | undefined;
  #leaseMs = initialLeaseMs;
  #lastCollection = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#population = new RankedPopulation(options.experiment.objective.direction);
  }

  async work(): Promise<void> {
    const { run, populationStore, signal, worker } = this.#options;
    while (!signal.aborted) {
      const result = await populationStore.claimMember(run.id, worker, this.#leaseMs, this.#held?.member);
      if (result.kind === "ended") break;
      if (result.kind === "wait") await populationStore.waitForChange(run.id, waitMs, signal);
      else await this.#advance(result.claim);
      await pauseForEvents();
    }
    await this.#collect(0);
  }

  /** One generation of a claimed member, or whatever has to come before it. */
  async #advance(claim: Claim): Promise<void> {
    const lease = this.#keepLease(claim);
    try {
      const snapshot = await this.#prepare(claim);
      if (!snapshot) return;
      await this.#hold(claim, snapshot);
      await this.#generation(claim, await this.#reevaluate(claim, snapshot), lease);
    } catch (error) {
      this.#held = undefined;
      await this.#handle(claim, error).catch((unhandled) => {
        if (!(unhandled instanceof LeaseLostError)) throw unhandled;
      });
    } finally {
      lease.stop();
    }
  }

  async #handle(claim: Claim, error: unknown): Promise<void> {
    if (error instanceof CheckpointError) return await this.#recover(claim, error);
    if (error instanceof TrainerError) return await this.#fail(claim, error);
    await this.#options.populationStore.releaseMember(claim).catch(() => {});
    if (!(error instanceof Interruption)) throw error;
  }

  /** Trains, evaluates, saves, and publishes with the decision. */
  async #generation(claim: Claim, start: Snapshot, lease: Lease): Promise<void> {
    const { experiment, session, run } = this.#options;
    const { budget } = experiment;
    const stepsLeft = (budget.stepsPerMember ?? Infinity) - start.memberSteps;
    const millisecondsLeft = (budget.wallSeconds ?? Infinity) * 1000 - elapsedMs(run, this.#now());
    this.#held = undefined;
    const steps = await trainGeneration(
      session,
      experiment.ready,
      start,
      { stepsLeft, millisecondsLeft },
      lease.check,
    );
    const memberSteps = start.memberSteps + steps;
    const isLast =
      steps >= stepsLeft || elapsedMs(run, this.#now()) >= (budget.wallSeconds ?? Infinity) * 1000;
    const measurement = await this.#evaluate(isLast);
    const files = await session.save();
    const checkpoint = await this.#options.checkpointStore.save(files, (id) =>
      this.#options.populationStore.reserveCheckpoint(claim, id),
    );
    lease.check();
    const trained: Snapshot = {
      id: snapshotId(claim.member, ordinalOf(start.id) + 1),
      member: claim.member,
      kind: "trained",
      parent: start.id,
      generation: start.generation + 1,
      step: start.step + steps,
      memberSteps,
      hyperparameters: start.hyperparameters,
      checkpoint,
      ...measurement,
    };
    await this.#publish(claim, (population) => {
      population.update(trained);
      return {
        snapshots: [trained],
        member: isLast ? "finished" : "active",
        ...(population.best === trained && { best: trained.id }),
        ...(experiment.synchronous ? { undecided: !isLast } : this.#decideNow(trained, population, isLast)),
      };
    });
    this.#held = { member: claim.member, checkpoint };
    await this.#collect(collectionMs);
  }

  /** What an asynchronous member does at the end of its generation: end the run, or exploit and explore in the population as it is now. */
  #decideNow(trained: Snapshot, population: RankedPopulation, isLast: boolean): Partial<Publication> {
    const { experiment, run } = this.#options;
    const ended = ending(experiment, {
      totalSteps: population.totalSteps,
      elapsedMs: elapsedMs(run, this.#now()),
      score: trained.score,
    });
    if (ended !== undefined) return { ending: ended };
    if (isLast) return {};
    const { decision, next } = decide(
      experiment.strategies,
      trained,
      population,
      this.#random(trained, "decide"),
    );
    return { decision, ...(next && { snapshots: [trained, next] }) };
  }

  /** The snapshot to train from: the newest, or what is decided about it first. Undefined when that ended the run. */
  async #prepare(claim: Claim): Promise<Snapshot | undefined> {
    if (claim.undecided) return await this.#decideTogether(claim);
    if (claim.failures !== failuresUntilRescue) return claim.newest;
    const why = `${claim.failures} failures in a row`;
    let rescued: Outcome | undefined;
    await this.#publish(claim, (population) => {
      const random = this.#random(claim.newest, "rescue");
      rescued = rescue(this.#options.experiment.strategies, claim.newest, population, why, random);
      return this.#goOnFrom(rescued);
    });
    return rescued?.next ?? claim.newest;
  }

  /** A synchronous decision: made by whoever claims the member once all have published its generation, from exactly those snapshots. */
  async #decideTogether(claim: Claim): Promise<Snapshot | undefined> {
    const { experiment, populationStore, run } = this.#options;
    const { newest } = claim;
    const population = new RankedPopulation(experiment.objective.direction);
    for (const snapshot of await populationStore.generation(run.id, newest.generation))
      population.update(snapshot);
    const ended = ending(experiment, {
      totalSteps: population.totalSteps,
      elapsedMs: elapsedMs(run, this.#now()),
      score: population.best?.score,
    });
    const outcome = decide(experiment.strategies, newest, population, this.#random(newest, "decide"));
    await populationStore.publish(claim, Number.MAX_SAFE_INTEGER, () =>
      ended === undefined ? this.#goOnFrom(outcome) : { snapshots: [], member: "active", ending: ended },
    );
    return ended === undefined ? (outcome.next ?? newest) : undefined;
  }

  #goOnFrom(outcome: Outcome | undefined): Publication {
    return {
      snapshots: outcome?.next ? [outcome.next] : [],
      ...(outcome && { decision: outcome.decision }),
      member: "active",
      keepClaim: true,
    };
  }

  /** Makes the trainer hold the snapshot's weights, which it may do already. */
  async #hold(claim: Claim, snapshot: Snapshot): Promise<void> {
    const { session, run, checkpointStore } = this.#options;
    const { checkpoint, hyperparameters } = snapshot;
    const seed = trainerSeed(run.seed, claim.member);
    if (checkpoint === undefined) {
      await session.start({ seed, hyperparameters });
    } else if (this.#held?.checkpoint !== checkpoint) {
      await session.restore(await checkpointStore.load(checkpoint), { seed, hyperparameters });
    }
  }

  async #reevaluate(claim: Claim, snapshot: Snapshot): Promise<Snapshot> {
    if (!this.#options.experiment.reevaluate || snapshot.kind !== "copied") return snapshot;
    const { score, samples, ...unmeasured } = snapshot;
    const evaluated: Snapshot = {
      ...unmeasured,
      id: snapshotId(claim.member, ordinalOf(snapshot.id) + 1),
      kind: "evaluated",
      parent: snapshot.id,
      ...(await this.#evaluate(false)),
    };
    await this.#publish(claim, () => ({ snapshots: [evaluated], member: "active", keepClaim: true }));
    return evaluated;
  }

  async #evaluate(isLast: boolean): Promise<Measurement> {
    const { experiment, session } = this.#options;
    const { metric, final } = experiment.objective;
    return measurementOf(await session.evaluate(isLast && final !== undefined), metric);
  }

  /** Appends a return to the newest older snapshot whose checkpoint can be read. */
  async #recover(claim: Claim, error: CheckpointError): Promise<void> {
    const { populationStore, checkpointStore } = this.#options;
    const [newest, good] = await this.#newestReadable(claim, async ({ checkpoint }) => {
      if (checkpoint === error.checkpoint) return false;
      return (
        checkpoint === undefined ||
        (await checkpointStore.load(checkpoint).then(
          () => true,
          () => false,
        ))
      );
    });
    const { donor, score, samples, ...kept } = good;
    const recovered: Snapshot = {
      ...kept,
      ...(score !== undefined && { score }),
      ...(samples && { samples }),
      id: snapshotId(claim.member, ordinalOf(newest.id) + 1),
      kind: "recovered",
      parent: good.id,
    };
    const text = `recovered from snapshot ${good.id}, because ${error.message}`;
    await populationStore.publish(claim, Number.MAX_SAFE_INTEGER, () => ({
      snapshots: [recovered],
      decision: {
        snapshot: newest.id,
        member: claim.member,
        generation: newest.generation,
        kind: "keep",
        weights: false,
        hyperparameters: false,
        reason: { text, numbers: {} },
      },
      member: "active",
    }));
  }

  async #newestReadable(
    claim: Claim,
    isReadable: (snapshot: Snapshot) => Promise<boolean>,
  ): Promise<[newest: Snapshot, good: Snapshot]> {
    let newest: Snapshot | undefined;
    for await (const snapshot of this.#options.populationStore.history(claim.run, claim.member)) {
      newest ??= snapshot;
      if (await isReadable(snapshot)) return [newest, snapshot];
    }
    throw new CladeError(
      `member ${claim.member} of ${claim.run}: has no snapshot to go on from; remove the run and start anew`,
    );
  }

  async #fail(claim: Claim, error: TrainerError): Promise<void> {
    const { populationStore, session, worker } = this.#options;
    await session.dispose().catch(() => {});
    const cause = error.cause instanceof Error ? error.cause : error;
    const failure = {
      member: claim.member,
      generation: claim.newest.generation,
      worker,
      at: this.#now(),
      message: error.message,
      stack: cause.stack ?? cause.message,
    };
    const state = claim.failures + 1 >= failuresUntilGivenUp ? "failed" : "active";
    await populationStore.recordFailure(claim, failure, state);
  }

  /** Publishes with the population as of the transaction. When it fails the population is read anew: it may hold what was not published. */
  async #publish(claim: Claim, publication: (population: RankedPopulation) => Publication): Promise<void> {
    const { populationStore, run, experiment } = this.#options;
    if (this.#cursor === undefined) {
      const { snapshots, cursor } = await populationStore.present(run.id);
      this.#population = new RankedPopulation(experiment.objective.direction);
      for (const snapshot of snapshots) this.#population.update(snapshot);
      const { best } = await populationStore.run(run.id);
      if (best) this.#population.noteBest(await populationStore.snapshot(run.id, best));
      this.#cursor = cursor;
    }
    const since = this.#cursor;
    this.#cursor = undefined;
    this.#cursor = await populationStore.publish(claim, since, (changes) => {
      for (const snapshot of changes) this.#population.update(snapshot);
      return publication(this.#population);
    });
  }

  /** Renews the lease for as long as it is held. A trainer that blocks for long gets longer leases. */
  #keepLease(claim: Claim): Lease {
    const { populationStore, signal } = this.#options;
    let lost: LeaseLostError | undefined;
    let renewedAt = this.#now();
    const timer = setInterval(() => {
      const sinceMs = this.#now() - renewedAt;
      if (sinceMs > this.#leaseMs / 2) this.#leaseMs = 3 * sinceMs;
      renewedAt = this.#now();
      populationStore.renewLease(claim, this.#leaseMs).catch((error) => {
        // Any other failure of the store shows when the generation is published.
        if (error instanceof LeaseLostError) lost = error;
      });
    }, renewalMs);
    return {
      check() {
        if (lost) throw lost;
        if (signal.aborted) throw new Interruption("the worker was asked to stop");
      },
      stop: () => clearInterval(timer),
    };
  }

  async #collect(afterMs: number): Promise<void> {
    const { populationStore, checkpointStore, run } = this.#options;
    const now = this.#now();
    if (now - this.#lastCollection < afterMs) return;
    this.#lastCollection = now;
    let free: (() => Promise<number>) | undefined;
    try {
      await populationStore.collect(run.id, (live) => {
        free = checkpointStore.sweep(live);
      });
      await free?.();
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
    }
  }

  #random(snapshot: Snapshot, purpose: string): Random {
    return randomStream(this.#options.run.seed, purpose, snapshot.member, snapshot.generation);
  }
}
