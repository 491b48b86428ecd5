import { Argument } from "commander";

/** A word of a command, with the type of what the command gets. */
export class TypedArgument<Value> extends Argument {
  declare readonly value: Value;
}

export type ValuesOf<Arguments extends readonly TypedArgument<unknown>[]> = {
  [Index in keyof Arguments]: Arguments[Index]["value"];
};

type ValueOf<Form extends string> = Form extends `${string}...${string}`
  ? readonly string[]
  : Form extends `<${string}>`
    ? string
    : string | undefined;

/** `<name>` has to be given, `[name]` may be, `<name...>` and `[name...]` are several. */
export function argument<Form extends string>(
  form: Form,
  description: string,
): TypedArgument<ValueOf<Form>> {
  return new TypedArgument<ValueOf<Form>>(form, description);
}

export const runArgument = argument(
  "[run]",
  "the run (default: the newest that is not a control)",
);
