/** A program in a page, whose threads are Web Workers that serve the same experiment. */
import {
  defineExperiment,
  logUniform,
  maximize,
  randomStream,
  run,
  serveExperiment,
  type WebWorker,
} from "clade";

declare const Worker: new (url: string) => WebWorker;

class Climber {
  state: { seed: number; steps: number; height: number };
  constructor({ seed }: { seed: number }) {
    this.state = { seed, steps: 0, height: 0 };
  }
  step({ rate }: { rate: number }) {
    const noise = randomStream(this.state.seed, this.state.steps++).uniform() - 0.5;
    this.state.height += rate * (1 - this.state.height) + 0.1 * rate * noise;
  }
  evaluate() {
    return { height: this.state.height };
  }
  save() {
    return { state: this.state };
  }
  restore({ state }: { state: Climber["state"] }) {
    this.state = state;
  }
}

const experiment = defineExperiment({
  name: "climbing",
  population: 6,
  hyperparameters: { rate: logUniform(1e-3, 1) },
  objective: maximize("height"),
  budget: { stepsPerMember: 200 },
  synchronous: true,
  trainer: Climber,
});

/** What the run depends on: its seed alone. */
export async function climb(startThread?: () => WebWorker): Promise<string> {
  const threads = startThread ? { threads: 2, startThread } : {};
  const result = await run(experiment, { seed: 1, ...threads });
  const { state } = await result.best!.state();
  // In 9 digits, because engines differ in the last digits of Math.exp.
  const numbers = [result.score!, result.copies, result.totalSteps, state.height];
  return numbers.map((value) => value.toPrecision(9)).join(" ");
}

/**
 * The page calls it.
 *
 * @public
 */
export function climbInPage(script: string): Promise<string> {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return climb(() => new Worker(url));
}

/**
 * The script of a thread. It comes late, as one does that loads its data first.
 *
 * @public
 */
export async function serve(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  serveExperiment(experiment);
}
