/** T3: the triangle-wave learning rate (Ray's pbt_function). */
import { type Evaluation, randomStream } from "clade";

/** It is done when `acc` is above this. */
export const goal = 200;

export interface Progress {
  readonly acc: number;
  readonly steps: number;
  readonly idle: number;
  readonly logErrors: number;
}

/**
 * The noise of a step follows from the member's seed and the number of the step, so a recipient
 * goes on with noise of its own. Once it is done nothing changes any more; the steps from there to
 * the end of the generation are counted as idle.
 */
export class TriangleTrainer {
  seed: number;
  acc = 0;
  steps = 0;
  idle = 0;
  logErrors = 0;

  constructor({ seed }: { seed: number }) {
    this.seed = seed;
  }

  step({ lr }: { lr: number }) {
    if (this.acc > goal) {
      this.idle++;
      return;
    }
    const random = randomStream(this.seed, this.steps++);
    const optimal = Math.min(
      Math.max((0.01 * Math.min(this.acc, goal - this.acc)) / 100, 0.001),
      0.01,
    );
    const q = Math.max(lr, optimal) / Math.min(lr, optimal);
    if (q < 3) this.acc += random.uniform() / q;
    else if (lr > optimal) this.acc -= (q - 3) * random.uniform();
    this.acc = Math.max(0, this.acc + 2 * random.normal());
    this.logErrors += Math.log(q);
  }

  evaluate(): Evaluation | Promise<Evaluation> {
    return { acc: this.acc, idle: this.idle, logError: this.logErrors / this.steps };
  }

  save() {
    const { acc, steps, idle, logErrors } = this;
    return { progress: { acc, steps, idle, logErrors } };
  }

  restore({ progress }: { progress: Progress }, { seed }: { seed: number }) {
    Object.assign(this, progress, { seed });
  }
}
