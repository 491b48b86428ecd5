/**
 * T4: Plain and Deceptive. On Deceptive a lineage carries the penalty of all the hyperparameters
 * that it ever had.
 */

/** Each counts once in the penalty, unless told otherwise. */
export const intervalSteps = 20;

interface HorizonHyperparameters {
  readonly h: number;
}

/** What h should be after a share of the run, and the steps of an interval. */
interface Horizon {
  readonly target?: (share: number) => number;
  readonly steps?: number;
}

/** The score is Q before the last step, as in the reference. */
export class HorizonTrainer {
  theta = 0.9;
  steps = 0;
  penalty = 0;
  q = 1.2 - 0.9 ** 2;
  readonly weight: number;
  readonly #target: (share: number) => number;
  readonly #interval: number;

  constructor(weight: number, horizon: Horizon = {}) {
    const { target = (share) => 1 - share, steps = intervalSteps } = horizon;
    this.weight = weight;
    this.#target = target;
    this.#interval = steps;
  }

  step({ h }: HorizonHyperparameters) {
    if (this.steps % this.#interval === 0) {
      this.penalty += this.weight * Math.abs(h - this.#target(this.steps / 1000));
    }
    this.q = 1.2 - this.theta ** 2;
    this.theta -= 0.002 * Math.max(2 - h - this.penalty, 0) * this.theta;
    this.steps++;
  }

  evaluate(): { q: number; score?: number } {
    return { q: this.q };
  }

  save() {
    const { theta, steps, penalty, q } = this;
    return { state: { theta, steps, penalty, q } };
  }

  restore({ state }: { state: { theta: number; steps: number; penalty: number; q: number } }) {
    Object.assign(this, state);
  }
}
