import { isHyperparameterValue } from "../../algorithm/hyperparameter-value.ts";
import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import { type Declared, written } from "./declared.ts";

/** A value that never changes, recorded with the others. */
export function constant<const T extends HyperparameterValue>(value: T): Declared<T> {
  const admits = (other: unknown): other is T => other === value;
  return {
    written: written("constant", [value]),
    mistakes: isHyperparameterValue(value)
      ? []
      : [
          {
            rule: "the value must be a finite number, a string or a boolean",
            remedy: "name it and map the name in the trainer",
          },
        ],
    sample: () => value,
    perturb: () => value,
    admits,
    nearest: () => value,
  };
}
