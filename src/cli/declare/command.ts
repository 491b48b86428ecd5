import type { Command } from "commander";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { TypedArgument, ValuesOf } from "./argument.ts";
import type { OptionsOf, TypedOption } from "./option.ts";

export interface CliCommand {
  /** Adds it to its parent. `ended` gets its exit code. */
  addTo(parent: Command, context: Context, ended: (exitCode: number) => void): void;
}

/** Declares a command: its arguments, its options, and its action. */
export function command<
  const Arguments extends readonly TypedArgument<unknown>[],
  const Options extends readonly TypedOption<string, unknown, boolean>[],
>(declared: {
  readonly name: string;
  readonly summary: string;
  readonly arguments: Arguments;
  readonly options: Options;
  /** Resolves the exit code; without one it is 0. */
  readonly action: (
    context: Context,
    options: OptionsOf<Options>,
    ...words: ValuesOf<Arguments>
  ) => Promise<number | undefined> | Promise<void>;
}): CliCommand {
  return {
    addTo(parent, context, ended) {
      const made = subcommand(parent, declared);
      for (const argument of declared.arguments) made.addArgument(argument);
      for (const option of declared.options) made.addOption(option);
      made.action(async (...given: readonly unknown[]) => {
        const count = declared.arguments.length;
        const words = given.slice(0, count) as unknown as ValuesOf<Arguments>;
        const options = given[count] as OptionsOf<Options>;
        ended((await declared.action(context, options, ...words)) ?? exitCodes.done);
      });
    },
  };
}

/** A group of commands under one name. */
export function commandGroup(declared: {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CliCommand[];
}): CliCommand {
  return {
    addTo(parent, context, ended) {
      const made = subcommand(parent, declared);
      for (const each of declared.commands) each.addTo(made, context, ended);
    },
  };
}

function subcommand(
  parent: Command,
  { name, summary }: { readonly name: string; readonly summary: string },
): Command {
  return parent.command(name).description(summary).exitOverride();
}
