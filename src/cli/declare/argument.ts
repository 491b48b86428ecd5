import { Argument } from "commander";

/** A positional argument of a command, with the type of its value. */
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

/** `<name>` is required, `[name]` is optional, `<name...>` and `[name...]` take several. */
export function argument<Form extends string>(
  form: Form,
  description: string,
): TypedArgument<ValueOf<Form>> {
  return new TypedArgument<ValueOf<Form>>(form, description);
}
