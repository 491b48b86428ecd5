/**
 * A trainer of a simulated process: a climb whose speed depends on the hyperparameters, the same
 * in every process. It takes simulated time, and fails when told to.
 */
import { randomStream } from "../../src/algorithm/random.ts";
import type { CheckpointFiles, Hyperparameters } from "../../src/algorithm/snapshot.ts";
import {
  TrainerError,
  type TrainerSession,
  type Turn,
} from "../../src/trainer/trainer-session.ts";
import type { Process, World } from "./world.ts";

interface State {
  readonly height: number;
  readonly steps: number;
}

export interface Troubles {
  /** How often a call of a trainer fails. */
  readonly failures: number;
  /** Only by signals from outside, which say nothing about a member. */
  readonly isKilledOnly: boolean;
  /** A learning rate above it always fails. */
  readonly failsAbove: number;
  /** How often an evaluation has no score. */
  readonly unscored: number;
}

const stepMs = 100;

export function simulatedSession(
  process: Process,
  world: World,
  troubles: Troubles,
  isBroken: () => boolean,
): TrainerSession {
  let state: State | undefined;
  let seed = 0;
  let check = () => {};

  async function take(milliseconds: number, what: string): Promise<void> {
    await process.wait(milliseconds, what);
    check();
    if (isBroken()) throw new TrainerError("the machine is broken", "");
    if (world.chance(troubles.failures)) {
      const own = world.random.pick(["trainer", "outside"] as const);
      const kind = troubles.isKilledOnly ? "outside" : own;
      throw new TrainerError("something went wrong", "", { kind });
    }
  }

  function begin(turn: Turn, from: State): void {
    state = from;
    seed = turn.seed;
  }

  const stateOf = () => {
    if (!state) throw new Error("the trainer holds nothing");
    return state;
  };

  return {
    checkpoints: "files",
    hyperparameters: "with train",
    interruptWith(given) {
      check = given;
    },
    async start(turn) {
      await take(world.between(10, 500), "starts");
      begin(turn, { height: randomStream(turn.seed, "start").uniform(), steps: 0 });
    },
    async restore(checkpoint, turn) {
      await take(world.between(10, 300), "restores");
      if (!("files" in checkpoint)) throw new Error("a simulated trainer restores files");
      begin(turn, stateIn(checkpoint.files));
    },
    async train({ hyperparameters, ready, stepsLeft, step, generation }) {
      const rate = hyperparameters.rate as number;
      for (let steps = 1; ; steps++) {
        await take(stepMs, "trains");
        if (rate > troubles.failsAbove) throw new TrainerError("the rate is too high", "");
        state = climbed(stateOf(), hyperparameters, seed);
        const secondsInGeneration = (steps * stepMs) / 1000;
        const progress = { stepsInGeneration: steps, secondsInGeneration, step: step + steps };
        if (steps >= stepsLeft || ready({ ...progress, generation })) return steps;
      }
    },
    async evaluate(final) {
      await take(world.between(10, 100), "evaluates");
      const { height, steps } = stateOf();
      const isUnscored = randomStream(seed, "score", steps).uniform() < troubles.unscored;
      return { height: isUnscored ? Number.NaN : height, ...(final && { test: height / 2 }) };
    },
    async save() {
      await take(world.between(1, 50), "saves");
      const bytes = new TextEncoder().encode(JSON.stringify(stateOf()));
      return { files: new Map([["state", bytes]]) };
    },
    async dispose() {
      state = undefined;
    },
  };
}

function climbed({ height, steps }: State, { rate }: Hyperparameters, seed: number): State {
  const luck = randomStream(seed, "step", steps).normal();
  const best = 0.1 + 0.5 / (1 + steps / 10);
  const speed = 1 - Math.abs((rate as number) - best);
  return { height: height + speed + 0.2 * luck, steps: steps + 1 };
}

function stateIn(files: CheckpointFiles): State {
  return JSON.parse(new TextDecoder().decode(files.get("state"))) as State;
}
