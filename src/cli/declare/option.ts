/**
 * Options of commands, with the types of their values. The types follow from the flags and the
 * parser.
 */
import { Option } from "commander";

/** Parses the text. Throws if it is wrong; `flag` then names the option. */
export type Parser<Value> = (text: string, flag: string, before: Value | undefined) => Value;

export class TypedOption<Name extends string, Value, IsGiven extends boolean> extends Option {
  declare readonly typed: {
    readonly name: Name;
    readonly value: Value;
    readonly isGiven: IsGiven;
  };
}

/** The options of a command, by their names. */
export type OptionsOf<Options extends readonly TypedOption<string, unknown, boolean>[]> = {
  readonly [Each in Options[number] as NameIf<true, Each>]: Each["typed"]["value"];
} & {
  readonly [Each in Options[number] as NameIf<false, Each>]?: Each["typed"]["value"];
};

type NameIf<IsGiven extends boolean, Each extends TypedOption<string, unknown, boolean>> =
  Each extends TypedOption<infer Name, unknown, IsGiven> ? Name : never;

/** `membersPerGpu` of `--members-per-gpu <n>`. */
type NameOf<Flags extends string> = Flags extends `--${infer Words} <${string}>`
  ? InCamelCase<Words>
  : Flags extends `--${infer Words}`
    ? InCamelCase<Words>
    : never;

type InCamelCase<Words extends string> = Words extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<InCamelCase<Rest>>}`
  : Words;

type TextOrFlag<Flags extends string> = Flags extends `${string}<${string}>` ? string : true;

/** `--name <value>`: the text, or what `parse` makes of it. `--name`: true. */
export function option<Flags extends string>(
  flags: Flags,
  description: string,
): TypedOption<NameOf<Flags>, TextOrFlag<Flags>, false>;
export function option<Flags extends string, Value>(
  flags: Flags,
  description: string,
  parse: Parser<Value>,
): TypedOption<NameOf<Flags>, Value, false>;
export function option<Flags extends string, Value>(
  flags: Flags,
  description: string,
  parse?: Parser<Value>,
): TypedOption<NameOf<Flags>, Value, false> {
  const made = new TypedOption<NameOf<Flags>, Value, false>(flags, description);
  if (parse)
    made.argParser<Value>((text, before) => parse(text, made.long!, before as Value | undefined));
  return made;
}

/** One of some words. */
export function choice<Flags extends string, Value extends string>(
  flags: Flags,
  description: string,
  values: readonly Value[],
): TypedOption<NameOf<Flags>, Value, false> {
  return new TypedOption<NameOf<Flags>, Value, false>(flags, description).choices(values);
}

export function required<Name extends string, Value>(
  option: TypedOption<Name, Value, false>,
): TypedOption<Name, Value, true> {
  return option.makeOptionMandatory() as unknown as TypedOption<Name, Value, true>;
}

export function withDefault<Name extends string, Value>(
  option: TypedOption<Name, Value, false>,
  value: Value,
): TypedOption<Name, Value, true> {
  return option.default(value) as unknown as TypedOption<Name, Value, true>;
}

/** `--members-per-gpu` of `membersPerGpu`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
