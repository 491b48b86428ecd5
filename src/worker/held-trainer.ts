/** The trainer of a worker: which member's snapshot it holds, and what it was last asked to do. */
import { show } from "../algorithm/show.ts";
import {
  type CheckpointId,
  type Hyperparameters,
  memberOf,
  type Snapshot,
} from "../algorithm/snapshot.ts";
import type { CheckpointStore, Reserve } from "../checkpoint-store/checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { donorOf } from "../population-store/kept-checkpoints.ts";
import type { Claim, Phase, Run } from "../population-store/population-store.ts";
import { stepCountOf } from "../trainer/step-count.ts";
import { type Generation, TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import { lookAt, restoreFrom, saveTo } from "./checkpoints.ts";
import type { Clock } from "./clock.ts";
import { type Measurement, measurementOf } from "./measurement.ts";
import { trainerSeed } from "./trainer-seed.ts";

interface Held {
  readonly member: number;
  readonly checkpoint: CheckpointId;
  readonly hyperparameters: Hyperparameters;
}

export interface HeldTrainerOptions {
  readonly run: Run;
  readonly experiment: Experiment;
  readonly checkpointStore: CheckpointStore;
  readonly session: TrainerSession;
}

export class HeldTrainer {
  readonly #options: HeldTrainerOptions;
  readonly #clock: Clock;
  /** The end of the last generation that it trained. */
  #held: Held | undefined;
  #phase: Phase = "start";
  #trainsSince = Number.POSITIVE_INFINITY;

  constructor(options: HeldTrainerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The member that it can continue without a restore. */
  get member(): number | undefined {
    return this.#held?.member;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** How long it has trained since it got its snapshot, in milliseconds. */
  get trainedMs(): number {
    return Math.max(0, this.#clock.elapsed() - this.#trainsSince);
  }

  /** What it holds belongs to no member. */
  drop(): void {
    this.#held = undefined;
  }

  /**
   * Makes it hold a snapshot's weights and hyperparameters, unless it already does, for as many
   * steps as are left. Resolves the hyperparameters that it uses, which a trainer may adjust.
   */
  async hold(
    { member, restarted: before }: Claim,
    snapshot: Snapshot,
    stepsLeft: number,
  ): Promise<Hyperparameters> {
    const { session, run, checkpointStore, experiment } = this.#options;
    const { checkpoint, hyperparameters, step, generation } = snapshot;
    this.#trainsSince = Number.POSITIVE_INFINITY;
    if (this.#holds(checkpoint, member, hyperparameters)) {
      await lookAt(checkpointStore, session, checkpoint);
      return hyperparameters;
    }
    const restarted = snapshot.kind === "restarted" ? snapshot.generation : before;
    const donor = donorOf(snapshot);
    const place = {
      run: run.id,
      generation,
      step,
      stepCount: stepCountOf({ ready: experiment.ready, stepsLeft }),
      ...(donor !== undefined && { copied: memberOf(donor) }),
    };
    const seed = trainerSeed(run.seed, member, restarted);
    const turn = { member, seed, hyperparameters, place };
    this.#phase = checkpoint === undefined ? "start" : "restore";
    if (checkpoint === undefined) await session.start(turn);
    else await restoreFrom(checkpointStore, session, checkpoint, turn);
    if (session.adjusted) this.#requireInSpace(member, session.adjusted);
    return session.adjusted ?? hyperparameters;
  }

  /** What a trainer uses instead is explored from, so it has to be a value of the space. */
  #requireInSpace(member: number, adjusted: Hyperparameters): void {
    const { space } = this.#options.experiment.strategies;
    for (const [name, value] of Object.entries(adjusted)) {
      if (space.hyperparameter(name).admits(value)) continue;
      const rule = `uses ${name} = ${show(value)} instead, which its search space does not have`;
      const remedy = "widen the space, or let the trainer use one of its values";
      throw new TrainerError(`member ${member}: ${rule}; ${remedy}`, "", { kind: "contract" });
    }
  }

  /** Resolves the number of steps. */
  async train(
    { hyperparameters, step, generation }: Snapshot,
    left: Pick<Generation, "stepsLeft" | "millisecondsLeft">,
  ): Promise<number> {
    const { session, experiment } = this.#options;
    const { ready } = experiment;
    this.drop();
    this.#phase = "train";
    this.#trainsSince = this.#clock.elapsed();
    return await session.train({ hyperparameters, step, generation, ready, ...left });
  }

  /** The last evaluation of a member also measures the held-out metric. */
  async evaluate(isLast: boolean): Promise<Measurement> {
    const { session, experiment } = this.#options;
    const { metric, final: heldOut } = experiment.objective;
    this.#phase = "evaluate";
    return measurementOf(await session.evaluate(isLast && heldOut !== undefined), metric);
  }

  /** Saves the trained member. The checkpoint that it started from stays meanwhile. */
  async save(reserve: Reserve, base: CheckpointId | undefined): Promise<CheckpointId> {
    const { session, checkpointStore } = this.#options;
    this.#phase = "save";
    return await saveTo(checkpointStore, session, reserve, base);
  }

  /** What it holds was published. */
  keep(held: Held): void {
    this.#held = held;
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
}
