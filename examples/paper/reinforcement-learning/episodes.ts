/**
 * Copies of a task that are played side by side and restart by themselves. An episode that is
 * cut short by the limit has not ended: the trainer has to add the value of where it got to, so
 * `reached` is what was observed before the next episode began (Pardo et al. 2018).
 */
import type { Random } from "../random.ts";
import type { Task } from "./tasks/task.ts";

export interface EpisodesState {
  /** [copies, stateSize] */
  readonly states: Float64Array;
  readonly elapsed: Int32Array;
  readonly returns: Float64Array;
}

export class Episodes {
  readonly #task: Task;
  readonly #random: Random;
  readonly copies: number;
  state: EpisodesState;
  /** What is observed now [copies, observationSize]. */
  readonly observations: Float32Array;
  /** What the last step led to: the same, except for copies that have restarted. */
  readonly reached: Float32Array;
  readonly rewards: Float64Array;
  /** How the last step went on. */
  readonly outcomes: ("goes on" | "ended" | "cut")[];

  constructor(task: Task, copies: number, random: Random) {
    this.#task = task;
    this.#random = random;
    this.copies = copies;
    this.state = {
      states: new Float64Array(copies * task.stateSize),
      elapsed: new Int32Array(copies),
      returns: new Float64Array(copies),
    };
    this.observations = new Float32Array(copies * task.observationSize);
    this.reached = new Float32Array(copies * task.observationSize);
    this.rewards = new Float64Array(copies);
    this.outcomes = Array(copies).fill("goes on");
    for (let copy = 0; copy < copies; copy++) this.#begin(copy);
  }

  /**
   * One step of every copy, with actions [copies, numbers of an action]; gives the returns of the
   * episodes that are over.
   */
  step(actions: Float32Array): number[] {
    const finished: number[] = [];
    const { elapsed, returns } = this.state;
    const width = actions.length / this.copies;
    for (let copy = 0; copy < this.copies; copy++) {
      const state = this.#stateOf(copy);
      const reward = this.#task.step(state, actions.subarray(copy * width, (copy + 1) * width));
      this.rewards[copy] = reward;
      returns[copy]! += reward;
      elapsed[copy]! += 1;
      this.#observe(copy, this.reached);
      const hasEnded = this.#task.hasEnded(state);
      const isOver = hasEnded || elapsed[copy] === this.#task.episodeLimit;
      this.outcomes[copy] = hasEnded ? "ended" : isOver ? "cut" : "goes on";
      if (isOver) {
        finished.push(returns[copy]!);
        this.#begin(copy);
      } else this.#observe(copy, this.observations);
    }
    return finished;
  }

  restore({ states, elapsed, returns }: EpisodesState): void {
    this.state = { states: states.slice(), elapsed: elapsed.slice(), returns: returns.slice() };
    for (let copy = 0; copy < this.copies; copy++) this.#observe(copy, this.observations);
  }

  #begin(copy: number): void {
    this.#task.reset(this.#stateOf(copy), this.#random);
    this.state.elapsed[copy] = 0;
    this.state.returns[copy] = 0;
    this.#observe(copy, this.observations);
  }

  #stateOf(copy: number): Float64Array {
    const { stateSize } = this.#task;
    return this.state.states.subarray(copy * stateSize, (copy + 1) * stateSize);
  }

  #observe(copy: number, into: Float32Array): void {
    const { observationSize } = this.#task;
    const row = into.subarray(copy * observationSize, (copy + 1) * observationSize);
    this.#task.observe(this.#stateOf(copy), row);
  }
}
