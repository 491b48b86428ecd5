import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { TypedArgument, ValuesOf } from "./argument.ts";
import type { OptionsOf, TypedOption } from "./option.ts";

/** A command's options and what it does. `Words` are the values of its arguments. */
export interface CliCommand<Words extends readonly unknown[]> {
  readonly options: readonly Option[];
  /** Resolves the exit code. */
  readonly run: (context: Context, options: unknown, ...words: Words) => Promise<number>;
}

/** Declares what a command takes and does. Its name and arguments are in `commands.ts`. */
export function command<
  const Options extends readonly TypedOption<string, unknown, boolean>[],
  Words extends readonly unknown[],
>(declared: {
  readonly options: Options;
  /** Resolves the exit code; without one it is 0. */
  readonly action: (
    context: Context,
    options: OptionsOf<Options>,
    ...words: Words
  ) => Promise<number | undefined> | Promise<void>;
}): CliCommand<Words> {
  return {
    options: declared.options,
    async run(context, options, ...words) {
      const exitCode = await declared.action(context, options as OptionsOf<Options>, ...words);
      return exitCode ?? exitCodes.done;
    },
  };
}

/** A command line as it was given. */
interface CommandLine {
  readonly context: Context;
  readonly words: readonly string[];
  /** Gets the exit code. */
  ended(exitCode: number): void;
}

export interface ListedCommand {
  /** Adds it to its parent: as a whole if the command line has its name among its words. */
  addTo(parent: Command, name: string, line: CommandLine): Promise<void>;
}

/** A command as the list of all commands has it. `load` is called when the command is named. */
export function listed<const Arguments extends readonly TypedArgument<unknown>[]>(declared: {
  readonly summary: string;
  readonly arguments: Arguments;
  readonly load: () => Promise<CliCommand<ValuesOf<Arguments>>>;
}): ListedCommand {
  return {
    async addTo(parent, name, { context, words, ended }) {
      const made = subcommand(parent, name, declared.summary);
      for (const argument of declared.arguments) made.addArgument(argument);
      if (!words.includes(name)) {
        // So that the list of commands says that it has options.
        made.addOption(new Option("--options"));
        return;
      }
      const { options, run } = await declared.load();
      for (const option of options) made.addOption(option);
      made.action(async (...given: readonly unknown[]) => {
        const count = declared.arguments.length;
        const values = given.slice(0, count) as unknown as ValuesOf<Arguments>;
        ended(await run(context, given[count], ...values));
      });
    },
  };
}

/** Commands under one name. */
export function group(declared: {
  readonly summary: string;
  readonly commands: { readonly [name: string]: ListedCommand };
}): ListedCommand {
  return {
    async addTo(parent, name, line) {
      const made = subcommand(parent, name, declared.summary);
      for (const [each, command] of Object.entries(declared.commands))
        await command.addTo(made, each, line);
    },
  };
}

function subcommand(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).exitOverride();
}
