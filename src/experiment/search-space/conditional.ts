import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import { show } from "../../algorithm/strategy.ts";
import type { Declared } from "./declared.ts";

/** The other hyperparameter and the values of it under which this one exists. */
export interface Condition {
  readonly on: string;
  readonly values: readonly HyperparameterValue[];
}

export interface Conditional<T extends HyperparameterValue> extends Declared<T> {
  readonly condition: Condition;
}

/** A hyperparameter that exists only while another has one of the given values: `momentum: conditional("optimizer", "sgd", uniform(0, 0.99))`. */
export function conditional<T extends HyperparameterValue>(
  on: string,
  value: HyperparameterValue | readonly HyperparameterValue[],
  inner: Declared<T>,
): Conditional<T> {
  const values = Array.isArray(value)
    ? (value as readonly HyperparameterValue[])
    : [value as HyperparameterValue];
  return {
    ...inner,
    written: `conditional(${show(on)}, ${show(value)}, ${inner.written})`,
    condition: { on, values },
  };
}
