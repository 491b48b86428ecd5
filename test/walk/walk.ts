/** A trainer whose state shows whether anything was lost, repeated or mixed up: a random walk. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { randomStream } from "../../src/algorithm/random.ts";
import type { CheckpointFiles } from "../../src/algorithm/snapshot.ts";
import { stateOf } from "../../src/trainer/in-process/state-files.ts";

export interface WalkState {
  /** Steps that these weights have seen. */
  readonly step: number;
  readonly position: number;
  /** The state of its random numbers. */
  readonly random: number;
  /** The seed of the member that began the walk. */
  readonly origin: number;
}

export type WalkHyperparameters = { readonly learningRate: number; readonly momentum: string };

export type SavedWalk = {
  readonly walk: WalkState;
  /** 80 kB that stay the same along a lineage. */
  readonly home: Float64Array;
  /** 80 kB in every other generation; several members' are equal, so that they share a file. */
  readonly landscape?: Float64Array;
};

const stepMs = 2;
/** While the file CLADE_TEST_SLOW exists, steps take longer. */
const slowStepMs = 100;

export class Walk {
  #walk: WalkState;

  constructor({ seed }: { readonly seed: number }) {
    this.#walk = {
      step: 0,
      position: 0,
      random: randomStream(seed).integer(2 ** 31),
      origin: seed,
    };
  }

  async step({ learningRate, momentum }: WalkHyperparameters) {
    const { CLADE_TEST_SLOW } = process.env;
    await sleep(CLADE_TEST_SLOW && existsSync(CLADE_TEST_SLOW) ? slowStepMs : stepMs);
    const { step, position, random } = this.#walk;
    const next = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = next / 2 ** 32 - (momentum === "some" ? 0.4 : 0.5);
    const moved = { step: step + 1, position: position + learningRate * noise, random: next };
    this.#walk = { ...this.#walk, ...moved };
  }

  evaluate() {
    const { position, step } = this.#walk;
    return { position, step, samples: [position, position / 3] };
  }

  save(): SavedWalk {
    const { step, position, origin } = this.#walk;
    const isLarge = Math.floor(step / 5) % 2 === 1;
    const large = (value: number) => new Float64Array(10_000).fill(value);
    return {
      walk: this.#walk,
      home: large(origin),
      ...(isLarge && { landscape: large(Math.round(position)) }),
    };
  }

  restore(saved: SavedWalk) {
    requireConsistent(saved);
    this.#walk = saved.walk;
  }
}

/**
 * The content of a checkpoint, whether saved by this process or by a command. Throws if it mixes
 * several walks.
 */
export function walkIn(files: CheckpointFiles): WalkState {
  const saved = files.has("home.bin") ? savedIn(files) : (stateOf(files) as SavedWalk);
  requireConsistent(saved);
  return saved.walk;
}

/** What a command has saved. */
export function savedIn(files: CheckpointFiles): SavedWalk {
  const numbers = (name: string) => new Float64Array(Uint8Array.from(files.get(name)!).buffer);
  return {
    walk: JSON.parse(Buffer.from(files.get("walk.json")!).toString()),
    home: numbers("home.bin"),
    ...(files.has("landscape.bin") && { landscape: numbers("landscape.bin") }),
  };
}

function requireConsistent({ walk, home, landscape }: SavedWalk): void {
  const isRight = landscape === undefined || landscape.at(-1) === Math.round(walk.position);
  if (!isRight) throw new Error("the landscape belongs to another walk");
  if (home.at(-1) !== walk.origin) throw new Error("the home belongs to another walk");
}
