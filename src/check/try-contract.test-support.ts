import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  randomStream,
  type Trainer,
  type TrainerContext,
} from "clade";
import type { ExperimentDeclaration } from "../experiment/declaration.ts";
import type { Finding } from "./finding.ts";
import { tryContract } from "./try-contract.ts";

export interface State {
  readonly place: number;
  readonly speed: number;
  readonly steps: number;
}

/** Climbs with momentum and noise that follows from its seed and a counter. Forgets nothing. */
export class Climber implements Trainer<{ rate: number }> {
  place = 0;
  speed = 0;
  steps = 0;
  seed: number;

  constructor({ seed }: TrainerContext<{ rate: number }>) {
    this.seed = seed;
    this.place = randomStream(seed, "fresh").normal();
  }

  step({ rate }: { rate: number }): void {
    this.speed = 0.9 * this.speed + rate * (1 + 0.1 * this.noise());
    this.place += this.speed;
    this.steps++;
  }

  noise(): number {
    return randomStream(this.seed, "step", this.steps).normal();
  }

  evaluate(): Record<string, number> {
    return { place: this.place };
  }

  save(): State {
    return { place: this.place, speed: this.speed, steps: this.steps };
  }

  restore(state: State, { seed }: TrainerContext<{ rate: number }>): void {
    Object.assign(this, state);
    this.seed = seed;
  }
}

export const rate = logUniform(0.01, 1);

export async function check(
  trainer: unknown,
  more: Partial<ExperimentDeclaration> = {},
): Promise<Record<Finding["kind"], string[]>> {
  const found = { ok: [], note: [], warn: [], bad: [] } as Record<Finding["kind"], string[]>;
  const experiment = defineExperiment({
    name: "climb",
    population: 4,
    hyperparameters: { rate },
    objective: maximize("place"),
    ready: everySteps(10),
    budget: { stepsPerMember: 100 },
    trainer: trainer as never,
    ...more,
  } as never);
  const directory = mkdtempSync(join(tmpdir(), "check-"));
  await tryContract(experiment, directory, ({ kind, text }) => {
    // What it takes depends on the machine.
    if (!text.startsWith("cost: ")) found[kind].push(text);
  });
  return found;
}
