/**
 * What the compiler finds wrong with a declaration, in words, and what it infers from one. Nothing
 * here exists at run time, where `declarationProblems` finds the same and more.
 */
import type { Conditional } from "./search-space/conditional.ts";
import type { SpaceDeclaration } from "./search-space/search-space.ts";
import type { ValueOf } from "./search-space/values-of.ts";

declare const wrong: unique symbol;

/**
 * Nothing has this type: a compiler that says that something is not assignable to it shows what
 * is wrong, and what would be right.
 */
export interface Wrong<What extends string, Right = never> {
  readonly [wrong]: What;
  readonly right?: Right;
}

/** The names of the metrics that a trainer's `evaluate` gives; any, if it does not say. */
export type MetricsOf<T> = [T] extends [never]
  ? string
  : T extends { evaluate(...context: never): infer E }
    ? NamesOf<Awaited<E>>
    : string;

type NamesOf<E> = [keyof E] extends [never]
  ? string
  : string extends keyof E
    ? string
    : Exclude<KeysOf<E>, "samples"> & string;

/** What a trainer's `save` gives. */
export type StateOf<T> = [T] extends [never]
  ? object
  : T extends { save(): infer S }
    ? Awaited<S>
    : object;

export type CheckedObjective<M extends string, T> = string extends M
  ? unknown
  : [M] extends [MetricsOf<T>]
    ? unknown
    : Wrong<`evaluate() gives no metric "${Exclude<M, MetricsOf<T>>}"`, MetricsOf<T>>;

export type CheckedTrainer<T> = [NoNumbers<T>] extends [never]
  ? [Restored<T>] extends [never]
    ? unknown
    : [StateOf<T>] extends [Restored<T>]
      ? unknown
      : Wrong<"restore() takes another state than save() gives", StateOf<T>>
  : Wrong<`evaluate() gives "${NoNumbers<T>}", which is no number`>;

/** The names of what `evaluate` gives that is no number; `samples` are a list of them. */
type NoNumbers<T> = T extends { evaluate(...context: never): infer E }
  ? NamesOfNoNumbers<Awaited<E>>
  : never;

type NamesOfNoNumbers<E> = E extends unknown
  ? {
      [K in keyof E & string]: E[K] extends number | undefined | readonly number[] ? never : K;
    }[keyof E & string]
  : never;

type Restored<T> = T extends { restore(state: infer S, ...context: never[]): unknown }
  ? S
  : unknown;

export type CheckedSpace<S extends SpaceDeclaration> = {
  readonly [K in keyof S]: S[K] extends Conditional<infer _T, infer On, infer V>
    ? string extends On
      ? unknown
      : On extends keyof S
        ? CheckedCondition<K & string, On, V, ValueOf<S[On]>>
        : Wrong<
            `${K & string} depends on "${On}", which is no hyperparameter here`,
            Exclude<keyof S, K>
          >
    : unknown;
};

type CheckedCondition<K extends string, On extends string, V, Values> = [V] extends [Values]
  ? unknown
  : Wrong<`${K} depends on a value that ${On} never has`, Values>;

/** R is what a function for `explore` returns, H the values that it is given. */
export type CheckedExplore<R, H> =
  string extends KeysOf<R>
    ? unknown
    : [Invented<R, H>] extends [never]
      ? unknown
      : Wrong<`explore gives "${Invented<R, H>}", which is no hyperparameter here`, KeysOf<H>>;

type Invented<R, H> = Exclude<KeysOf<R>, KeysOf<H> | "hyperparameters" | "remark"> & string;

/** Those of every member of a union. */
type KeysOf<T> = T extends unknown ? keyof T : never;

declare const types: unique symbol;

/** What the compiler knows of an experiment; no value has it. */
export interface Typed<H, M extends string, S, T> {
  readonly [types]?: {
    readonly hyperparameters: H;
    readonly metrics: M;
    readonly state: S;
    readonly trainer: T;
  };
}
