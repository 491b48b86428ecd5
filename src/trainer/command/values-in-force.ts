/** Compares what a trainer was told with the values in force, at both ends of a generation. */

import { show } from "../../algorithm/show.ts";
import type { Hyperparameters, HyperparameterValue } from "../../algorithm/snapshot.ts";

/** Trainers that store numbers in 32 bits return slightly different ones. */
const tolerance = 1e-6;

const remedies = {
  setup: "use the values that setup is given",
  restore:
    "set it after the state is loaded, since a restored optimiser brings its old values back",
};

interface Begun {
  readonly hyperparameters: Hyperparameters;
  readonly readBack: readonly string[];
}

interface Trained {
  readonly hyperparameters?: Hyperparameters | undefined;
  readonly causes?: { readonly [name: string]: string } | undefined;
}

export class ValuesInForce {
  /** The names of values that were read back from where they act, before the first step. */
  readBack: ReadonlySet<string> | undefined;
  /** The same after the last step. */
  readBackAfterTraining: ReadonlySet<string> | undefined;
  #told: Hyperparameters = {};
  #before: Hyperparameters = {};

  /** What the next steps train with, as far as the trainer was told it or has said it. */
  get used(): Hyperparameters {
    return this.#told;
  }

  /**
   * Takes the answer to `setup` or `restore`. Returns what is wrong with it, if anything. A
   * trainer that `adjusts` what it is told answers what it uses instead.
   */
  begun(
    method: keyof typeof remedies,
    told: Hyperparameters,
    { hyperparameters, readBack }: Begun,
    adjusts: boolean,
  ): string | undefined {
    this.#told = adjusts ? adjusted(told, hyperparameters) : told;
    this.#before = hyperparameters;
    this.readBack = new Set(readBack.filter((name) => name in told));
    for (const [name, value] of Object.entries(this.#told)) {
      if (value === undefined || agree(value, hyperparameters[name])) continue;
      const has = name in hyperparameters ? show(hyperparameters[name]) : "nothing";
      const rule = `has ${name} = ${has} in force after ${method}, but was told ${show(value)}`;
      const other = "or, if it always uses another value instead, declare that it adjusts";
      return `${rule}; ${remedies[method]}, ${other}`;
    }
    return undefined;
  }

  /** Takes the answer to `train`. Returns what is wrong with it, if anything. */
  trained({ hyperparameters: after = {}, causes = {} }: Trained): string | undefined {
    this.readBackAfterTraining = new Set(Object.keys(after).filter((name) => name in this.#told));
    for (const name of this.readBackAfterTraining) {
      const value = this.#told[name];
      if (value === undefined || agree(value, after[name])) continue;
      const before = this.readBack?.has(name)
        ? `${show(this.#before[name])} before the first step, `
        : "";
      const inForce = `${before}${show(after[name])} after the last${before ? "" : " step"}`;
      const cause =
        causes[name] ?? "something sets it during training; set hyperparameters nowhere else";
      return `was told ${name} = ${show(value)}; in force ${inForce}: ${cause}`;
    }
    return undefined;
  }
}

/** What differs by more than its last digits is another value. */
function adjusted(told: Hyperparameters, inForce: Hyperparameters): Hyperparameters {
  const used = Object.entries(told).map(([name, value]) => {
    const other = inForce[name];
    const isSame = value === undefined || other === undefined || agree(value, other);
    return [name, isSame ? value : other];
  });
  return Object.fromEntries(used);
}

function agree(told: HyperparameterValue, inForce: HyperparameterValue | undefined): boolean {
  if (typeof told !== "number" || typeof inForce !== "number") return told === inForce;
  return Math.abs(told - inForce) <= tolerance * Math.max(Math.abs(told), Math.abs(inForce));
}
