/** The types of a space's values. Nothing here exists at run time. */
import type { Hyperparameters, HyperparameterValue } from "../../algorithm/snapshot.ts";
import type { Conditional } from "./conditional.ts";
import type { Declared } from "./declared.ts";
import type { SpaceDeclaration } from "./search-space.ts";

/**
 * The values of a declaration: `{ rate: logUniform(1e-4, 1) }` has `{ rate: number }`. A
 * conditional value is undefined where it does not apply, and the value that it depends on tells
 * where that is: after `if (values.optimizer === "sgd")`, `values.momentum` is a number.
 */
export type ValuesOf<S extends SpaceDeclaration> = string extends keyof S
  ? Hyperparameters
  : Flat<Unconditional<S> & OfUnknownParents<S> & OfParents<S>>;

/** The values of one hyperparameter, where it applies. */
export type ValueOf<D> = D extends Declared<infer T> ? T : never;

/** A conditional hyperparameter, whatever it depends on. */
type AnyConditional = Conditional<HyperparameterValue>;

type Unconditional<S> = {
  readonly [K in keyof S as S[K] extends AnyConditional ? never : K]: ValueOf<S[K]>;
};

/** What depends on something that the compiler does not know, as where its name is any text. */
type OfUnknownParents<S> = {
  readonly [K in keyof S as string extends ParentOf<S[K]> ? K : never]: ValueOf<S[K]> | undefined;
};

/** What a conditional depends on. */
type ParentOf<D> = D extends Conditional<infer _T, infer On, infer _V> ? On : never;

/** The known names that any hyperparameter depends on. */
type Parents<S> = {
  [K in keyof S]: string extends ParentOf<S[K]> ? never : ParentOf<S[K]>;
}[keyof S] &
  string;

/** All of them at once: a union of cases for each parent, and the intersection of these unions. */
type OfParents<S, P extends string = Parents<S>> = [P] extends [never]
  ? unknown
  : { [K in P]: (cases: K extends keyof S ? Cases<S, K> : unknown) => void }[P] extends (
        cases: infer All,
      ) => void
    ? All
    : never;

/** One case for each value of a parent, or one for a parent that is any number or text. */
type Cases<S, P extends keyof S, V = WhereItApplies<S[P]>> = string extends V
  ? Children<S, P, V>
  : number extends V
    ? Children<S, P, V>
    : V extends unknown
      ? { readonly [K in P]: V } & Children<S, P, V>
      : never;

type WhereItApplies<D> = D extends AnyConditional ? ValueOf<D> | undefined : ValueOf<D>;

/** What depends on P, while P has the value V. */
type Children<S, P, V> = {
  readonly [K in keyof S as IsChild<S[K], P> extends true ? K : never]: Child<S[K], V>;
};

type IsChild<D, P> = [ParentOf<D>] extends [never]
  ? false
  : string extends ParentOf<D>
    ? false
    : P extends ParentOf<D>
      ? true
      : false;

type Child<D, V> =
  D extends Conditional<infer T, infer _On, infer W>
    ? [V] extends [W]
      ? T
      : [V & W] extends [never]
        ? undefined
        : T | undefined
    : never;

type Flat<T> = T extends unknown ? { readonly [K in keyof T]: T[K] } : never;
