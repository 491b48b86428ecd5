/** What the crash tests train: a walk whose state shows whether anything was lost, repeated or mixed up. */
import { setTimeout as sleep } from "node:timers/promises";
import { truncationSelection } from "../../src/algorithm/exploit/truncation-selection.ts";
import { randomStream } from "../../src/algorithm/random.ts";
import { everySteps } from "../../src/algorithm/ready/every-steps.ts";
import { defineExperiment, type Experiment } from "../../src/experiment/experiment.ts";
import { maximize } from "../../src/experiment/objective.ts";
import { choice } from "../../src/experiment/search-space/choice.ts";
import { logUniform } from "../../src/experiment/search-space/log-uniform.ts";

export interface WalkState {
  /** Steps that these weights have seen. */
  readonly step: number;
  readonly position: number;
  /** The state of its random numbers. */
  readonly random: number;
}

type SavedWalk = {
  readonly walk: WalkState;
  /** 80 kB in every other generation; several members' are equal, so that they share a file. */
  readonly landscape?: Float64Array;
};

const stepMs = 2;

class Walk {
  #walk: WalkState;

  constructor({ seed }: { readonly seed: number }) {
    this.#walk = { step: 0, position: 0, random: randomStream(seed).integer(2 ** 31) };
  }

  async step({ learningRate, momentum }: { readonly learningRate: number; readonly momentum: string }) {
    await sleep(stepMs);
    const { step, position, random } = this.#walk;
    const next = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = next / 2 ** 32 - (momentum === "some" ? 0.4 : 0.5);
    this.#walk = { step: step + 1, position: position + learningRate * noise, random: next };
  }

  evaluate() {
    const { position, step } = this.#walk;
    return { position, step, samples: [position, position / 3] };
  }

  save(): SavedWalk {
    const { step, position } = this.#walk;
    const isLarge = Math.floor(step / 5) % 2 === 1;
    const landscape = () => new Float64Array(10_000).fill(Math.round(position));
    return { walk: this.#walk, ...(isLarge && { landscape: landscape() }) };
  }

  restore({ walk, landscape }: SavedWalk) {
    const isRight = landscape === undefined || landscape.at(-1) === Math.round(walk.position);
    if (!isRight) throw new Error("the landscape belongs to another walk");
    this.#walk = walk;
  }
}

export function crashExperiment(options: {
  readonly population: number;
  readonly stepsPerMember: number;
  readonly synchronous: boolean;
}): Experiment {
  return defineExperiment({
    name: "crash",
    hyperparameters: { learningRate: logUniform(1e-3, 1), momentum: choice("none", "some") },
    objective: maximize("position"),
    ready: everySteps(5),
    exploit: truncationSelection({ fraction: 0.34 }),
    budget: { stepsPerMember: options.stepsPerMember },
    trainer: Walk,
    population: options.population,
    synchronous: options.synchronous,
  });
}
