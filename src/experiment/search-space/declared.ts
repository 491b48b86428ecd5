import type { Mistake } from "../../algorithm/problem.ts";
import type { Hyperparameter } from "../../algorithm/search-space.ts";
import { show } from "../../algorithm/show.ts";
import type { HyperparameterValue } from "../../algorithm/snapshot.ts";

/** A hyperparameter as a user declares it: `learningRate: logUniform(1e-4, 1e-1)`. */
export interface Declared<T extends HyperparameterValue = HyperparameterValue>
  extends Hyperparameter<T> {
  /** As in the experiment file: `logUniform(0.0001, 0.1)`. */
  readonly written: string;
  /**
   * What is wrong with it. A declaration never throws, so that all mistakes are reported at once.
   */
  readonly mistakes: readonly Mistake[];
}

/** True for what the functions of this folder make, and for a user's own kind of the same form. */
export function isDeclared(value: unknown): value is Declared {
  if (typeof value !== "object" || value === null) return false;
  const { written, mistakes, sample, perturb, admits, nearest, condition } =
    value as Partial<Declared> & {
      readonly condition?: { readonly values?: unknown } | null;
    };
  return (
    typeof written === "string" &&
    Array.isArray(mistakes) &&
    [sample, perturb, admits, nearest].every((method) => typeof method === "function") &&
    (condition === undefined || Array.isArray(condition?.values))
  );
}

/** The text of a declaration, with the options that were given. */
export function written(kind: string, values: readonly unknown[], options: object = {}): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const shown = given.map(([name, value]) => `${name}: ${show(value)}`).join(", ");
  return `${kind}(${[...values.map(show), ...(shown === "" ? [] : [`{ ${shown} }`])].join(", ")})`;
}
