import type { Mistake } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import { constant } from "./constant.ts";
import { type Declared, isDeclared } from "./declared.ts";

/** The other hyperparameter and the values of it under which this one exists. */
interface Condition<On extends string, V extends HyperparameterValue> {
  readonly on: On;
  readonly values: readonly V[];
}

/** A hyperparameter of type T that exists while another, On, has one of the values V. */
export interface Conditional<
  T extends HyperparameterValue,
  On extends string = string,
  V extends HyperparameterValue = HyperparameterValue,
> extends Declared<T> {
  readonly condition: Condition<On, V>;
}

/**
 * A hyperparameter that exists only while another has one of the given values: `momentum:
 * conditional("optimizer", "sgd", uniform(0, 0.99))`.
 */
export function conditional<
  T extends HyperparameterValue,
  const On extends string,
  const V extends HyperparameterValue,
>(on: On, value: V | readonly V[], inner: Declared<T>): Conditional<T, On, V> {
  const values = Array.isArray(value) ? (value as readonly V[]) : [value as V];
  return {
    ...(isDeclared(inner) ? inner : constant(0 as T)),
    written:
      `conditional(${show(on)}, ${show(value)}, ` +
      `${isDeclared(inner) ? inner.written : show(inner)})`,
    mistakes: isDeclared(inner) ? [...inner.mistakes, ...nestedMistakes(inner)] : [notDeclared],
    condition: { on, values },
  };
}

/** What a program without types may give, such as `conditional("optimizer", "sgd", 0.9)`. */
const notDeclared: Mistake = {
  rule: "the third part is not a hyperparameter",
  remedy: "declare it, for example constant(0.9) or uniform(0, 1)",
};

function nestedMistakes(inner: Declared): Mistake[] {
  if (!("condition" in inner)) return [];
  const { on } = (inner as Conditional<HyperparameterValue>).condition;
  return [
    {
      rule: "a hyperparameter can depend on only one other",
      remedy: `let ${show(on)} itself be conditional`,
    },
  ];
}
