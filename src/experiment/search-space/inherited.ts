import { constant } from "./constant.ts";
import { type Declared, isDeclared } from "./declared.ts";

/**
 * A hyperparameter that belongs to the weights, such as a network's width: `width:
 * inherited(choice(16, 32))`. It is drawn once for each member and never moved. A copy of weights
 * brings it along, and a copy of hyperparameters alone leaves it.
 */
export function inherited<D extends Declared>(inner: D): D {
  if (!isDeclared(inner)) return { ...constant(0), mistakes: [notDeclared] } as unknown as D;
  return { ...inner, written: `inherited(${inner.written})`, inherited: true };
}

/** What a program without types may give, such as `inherited(16)`. */
const notDeclared = {
  rule: "inherited() was given what is not a hyperparameter",
  remedy: "declare it, for example inherited(choice(16, 32))",
};
