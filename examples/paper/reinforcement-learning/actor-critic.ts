/**
 * The paper's reinforcement learning (Jaderberg et al. 2017, section 4.1), small enough for one
 * core: an actor and a critic learn from several copies of a task by proximal policy optimisation
 * (Schulman et al. 2017). Tuned are the paper's learning rate, entropy cost and unroll length, and
 * the lambda of the advantages. A step is the same number of moves for everybody, whatever its
 * unroll length, so equal steps are equal cost.
 */
import { numpy as np, tree } from "@jax-js/jax";
import {
  defineExperiment,
  type Experiment,
  everySteps,
  logUniform,
  maximize,
  ordinal,
  perturb,
  type TrainerContext,
  tTestSelection,
} from "clade";
import { Random } from "../random.ts";
import {
  adamRates,
  fromFlat,
  type Joined,
  type JoinedShape,
  joinedShape,
  type Moments,
  toFlat,
  zeroMoments,
} from "../weights.ts";
import { Episodes, type EpisodesState } from "./episodes.ts";
import { actionWidth, Policy } from "./policy.ts";
import { RunningMoments } from "./running-moments.ts";
import { normalisedScore, type Task } from "./tasks/task.ts";
import { type Batch, initialWeights, shapesFor, type Update, updateFor } from "./update.ts";

export interface ActorCriticHyperparameters {
  readonly learningRate: number;
  readonly entropyCost: number;
  readonly unrollLength: number;
  readonly lambda: number;
}

/**
 * The experiment of a task: how long each member trains, and after how many steps it may copy; a
 * step is 2,048 moves.
 */
export function actorCritic(
  task: Task,
  { stepsPerMember, readyEvery }: { stepsPerMember: number; readyEvery: number },
): Experiment {
  const update = updateFor(task);
  return defineExperiment({
    name: task.name,
    population: 8,
    hyperparameters: {
      learningRate: logUniform(1e-5, 1e-2),
      entropyCost: logUniform(1e-4, 1e-1),
      unrollLength: ordinal(32, 64, 128, 256),
      lambda: ordinal(0.8, 0.9, 0.95, 0.98, 0.99, 1),
    },
    objective: maximize("score", { final: "finalScore" }),
    ready: everySteps(readyEvery),
    exploit: tTestSelection({ samples: 10 }),
    explore: perturb({ factors: [0.8, 1.2], resampleProbability: 0 }),
    budget: { stepsPerMember },
    trainer: (context: TrainerContext<ActorCriticHyperparameters>) =>
      new ActorCritic(task, update, context),
  });
}

const COPIES = 8;
const MOVES = 256; // of every copy, in a step; a multiple of each unroll length
const EPOCHS = 4;
const BATCH = 256;
const SAMPLES = 10;
const FRESH_SEED = 1_000_000;

interface ActorCriticState extends EpisodesState {
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly updates: number;
  readonly observed: Float64Array;
  readonly earned: Float64Array;
  readonly discounted: Float64Array;
  readonly lastReturns: readonly number[];
  readonly seed: number;
  readonly random: number;
}

class ActorCritic {
  readonly #task: Task;
  readonly #update: Update;
  readonly #shape: JoinedShape;
  #seed: number;
  readonly #random: Random;
  #weights: Joined;
  #moments: Moments<JoinedShape>;
  #updates = 0;
  readonly #observed: RunningMoments;
  readonly #policy: Policy;
  readonly #episodes: Episodes;
  /**
   * Of discounted sums of rewards, whose deviation is the unit in which the critic sees rewards.
   */
  readonly #earned = new RunningMoments(1);
  #discounted = new Float64Array(COPIES);
  #lastReturns: number[] = [];

  constructor(task: Task, update: Update, { seed }: TrainerContext<ActorCriticHyperparameters>) {
    this.#task = task;
    this.#update = update;
    this.#shape = joinedShape(shapesFor(task));
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#weights = initialWeights(task, this.#random);
    this.#moments = zeroMoments(this.#shape);
    this.#observed = new RunningMoments(task.observationSize);
    this.#policy = new Policy(task, COPIES, this.#observed);
    this.#episodes = new Episodes(task, COPIES, this.#random);
  }

  /**
   * 256 moves in each of 8 copies of the task: one or more unrolls, each of which is learned from.
   */
  async step(hyperparameters: ActorCriticHyperparameters): Promise<void> {
    for (let moves = 0; moves < MOVES; moves += hyperparameters.unrollLength) {
      this.#policy.load(await toFlat(this.#weights));
      // These weights are lost: the member recovers only by copying a better one.
      if (!this.#policy.isSound) return;
      await this.#learn(this.#play(hyperparameters), hyperparameters);
    }
  }

  /**
   * The score is the mean of the last 10 episodes' returns, as in the paper, and costs nothing.
   * The final choice and what is reported rest on fresh episodes, each their own; both are of the
   * policy as it acts in training.
   */
  async evaluate({ final }: { final: boolean }) {
    this.#policy.load(await toFlat(this.#weights));
    if (!this.#policy.isSound) return { score: Number.NaN };
    const samples = this.#lastReturns.map((value) => normalisedScore(this.#task, value));
    const score = samples.length > 0 ? mean(samples) : Number.NaN;
    if (!final) return { score, samples };
    const finalScore = await this.#fresh(1, 8);
    return { score, samples, finalScore, testScore: await this.#fresh(2, 16) };
  }

  async save(): Promise<ActorCriticState> {
    return {
      ...this.#episodes.state,
      weights: await toFlat(this.#weights),
      firstMoment: await toFlat(this.#moments.first),
      secondMoment: await toFlat(this.#moments.second),
      updates: this.#updates,
      observed: this.#observed.values,
      earned: this.#earned.values,
      discounted: this.#discounted,
      lastReturns: this.#lastReturns,
      seed: this.#seed,
      random: this.#random.state,
    };
  }

  /**
   * Another member's episodes go on, but with actions drawn by this one, or the two would stay
   * doubles.
   */
  restore(state: ActorCriticState, { seed }: { seed: number }): void {
    this.dispose();
    this.#seed = seed;
    this.#weights = fromFlat(this.#shape, state.weights);
    this.#moments = {
      first: fromFlat(this.#shape, state.firstMoment),
      second: fromFlat(this.#shape, state.secondMoment),
    };
    this.#updates = state.updates;
    this.#episodes.restore(state);
    this.#observed.values = state.observed.slice();
    this.#earned.values = state.earned.slice();
    this.#discounted = state.discounted.slice();
    this.#lastReturns = [...state.lastReturns];
    this.#random.state =
      seed === state.seed ? state.random : new Random(seed ^ state.random).state;
  }

  dispose(): void {
    tree.dispose(this.#weights);
    tree.dispose(this.#moments);
  }

  /**
   * Plays `unrollLength` moves in every copy, and estimates how much better than expected each
   * was.
   */
  #play({ unrollLength, lambda }: ActorCriticHyperparameters): Unroll {
    const { observationSize, discount } = this.#task;
    const width = actionWidth(this.#task.actions);
    const episodes = this.#episodes;
    const policy = this.#policy;
    const count = unrollLength * COPIES;
    const unroll = {
      observations: new Float32Array(count * observationSize),
      actions: new Float32Array(count * width),
      logProbabilities: new Float32Array(count),
      advantages: new Float32Array(count),
      targets: new Float32Array(count),
    };
    const values = new Float64Array(count + COPIES);
    // What follows a move in its own episode: 0 after an ending, NaN where the next move's value
    // says it.
    const followers = new Float64Array(count).fill(Number.NaN);
    const rewards = new Float64Array(count);

    for (let move = 0; move < unrollLength; move++) {
      const at = move * COPIES;
      this.#observed.addRows(episodes.observations);
      values.set(policy.values(episodes.observations), at);
      policy.act(episodes.observations, this.#random);
      unroll.observations.set(policy.seen, at * observationSize);
      unroll.actions.set(policy.chosen, at * width);
      unroll.logProbabilities.set(policy.logProbabilities, at);
      this.#lastReturns = [...this.#lastReturns, ...episodes.step(policy.played)].slice(-SAMPLES);

      for (let copy = 0; copy < COPIES; copy++) {
        this.#discounted[copy] = this.#discounted[copy]! * discount + episodes.rewards[copy]!;
        this.#earned.add(this.#discounted.subarray(copy, copy + 1));
        rewards[at + copy] = episodes.rewards[copy]! / this.#earned.deviation(0);
        if (episodes.outcomes[copy] === "goes on") continue;
        this.#discounted[copy] = 0;
        followers[at + copy] =
          episodes.outcomes[copy] === "ended" ? 0 : policy.values(episodes.reached)[copy]!;
      }
    }
    values.set(policy.values(episodes.observations), count);

    // Generalised advantage estimation (Schulman et al. 2016, equation 16), from the last move to
    // the first.
    const advantage = new Float64Array(COPIES);
    for (let index = count - 1; index >= 0; index--) {
      const copy = index % COPIES;
      const goesOn = Number.isNaN(followers[index]);
      const follower = goesOn ? values[index + COPIES]! : followers[index]!;
      const surprise = rewards[index]! + discount * follower - values[index]!;
      advantage[copy] = surprise + (goesOn ? discount * lambda * advantage[copy]! : 0);
      unroll.advantages[index] = advantage[copy];
      unroll.targets[index] = advantage[copy] + values[index]!;
    }
    standardise(unroll.advantages);
    return unroll;
  }

  /** Some epochs of batches in random order. */
  async #learn(
    unroll: Unroll,
    { learningRate, entropyCost }: ActorCriticHyperparameters,
  ): Promise<void> {
    const count = unroll.advantages.length;
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      shuffle(order, this.#random);
      for (let start = 0; start < count; start += BATCH) {
        this.#updates += 1;
        const batch = batchOf(unroll, order.subarray(start, start + BATCH));
        const { weights, moments, loss } = this.#update(
          this.#weights,
          this.#moments,
          batch,
          entropyCost,
          ...adamRates(learningRate, this.#updates),
        );
        this.#weights = weights;
        this.#moments = moments;
        await loss.data(); // jax-js is lazy: without this the work would pile up.
      }
    }
  }

  /**
   * The mean normalised return of one episode in each of some copies. Episodes with the same
   * number begin alike for all members and runs.
   */
  async #fresh(number: number, copies: number): Promise<number> {
    const random = new Random(FRESH_SEED + number);
    const policy = new Policy(this.#task, copies, this.#observed);
    policy.load(await toFlat(this.#weights));
    const episodes = new Episodes(this.#task, copies, random);
    const returns = new Map<number, number>();
    while (returns.size < copies) {
      policy.act(episodes.observations, random);
      const before = episodes.state.returns.slice();
      episodes.step(policy.played);
      episodes.outcomes.forEach((outcome, copy) => {
        if (outcome === "goes on" || returns.has(copy)) return;
        returns.set(copy, before[copy]! + episodes.rewards[copy]!);
      });
    }
    return normalisedScore(this.#task, mean([...returns.values()]));
  }
}

/** What was seen, done and got in an unroll, move by move and copy by copy within it. */
interface Unroll {
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbabilities: Float32Array;
  readonly advantages: Float32Array;
  readonly targets: Float32Array;
}

function batchOf(unroll: Unroll, chosen: Uint32Array): Batch {
  const rows = (numbers: Float32Array) => {
    const width = numbers.length / unroll.advantages.length;
    const picked = new Float32Array(chosen.length * width);
    chosen.forEach((row, to) => {
      for (let i = 0; i < width; i++) picked[to * width + i] = numbers[row * width + i]!;
    });
    return np.array(picked);
  };
  return {
    observations: rows(unroll.observations).reshape([chosen.length, -1]),
    actions: rows(unroll.actions).reshape([chosen.length, -1]),
    logProbabilities: rows(unroll.logProbabilities),
    advantages: rows(unroll.advantages),
    targets: rows(unroll.targets),
  };
}

/** To mean 0 and deviation 1. */
function standardise(values: Float32Array): void {
  const average = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - average) ** 2))) + 1e-8;
  values.forEach((value, index) => {
    values[index] = (value - average) / deviation;
  });
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Fisher and Yates. */
function shuffle(order: Uint32Array, random: Random): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const value = order[last]!;
    order[last] = order[other]!;
    order[other] = value;
  }
}
