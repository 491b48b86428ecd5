import { Command } from "commander";
import { BadInputError } from "../algorithm/problem.ts";
import { commands } from "./commands.ts";
import type { Context, Output } from "./context.ts";
import { flagOf } from "./declare/option.ts";
import { concealed } from "./printing/concealed.ts";
import { version } from "./version.ts";

const help = `
A command without a run's name takes the newest run that is not a control, and says so on standard
error. Controls are the runs of run --control and of a study's baseline. Only stop, worker and
resume take one, if no other run needs them.
Exit codes: 0 done, 1 failed, 2 bad input, 3 done but members were given up, 5 (from worker) the
run has failed, 130 interrupted.`;

/**
 * All commands; those that the words name with their options and what they do. `ended` gets the
 * exit code.
 */
export async function program(
  context: Context,
  words: readonly string[] = [],
  ended: (exitCode: number) => void = () => {},
): Promise<Command> {
  const { stdout, stderr } = context;
  const clade = new Command("clade")
    .description(
      "Population Based Training: weak members copy strong ones while they train, " +
        "and explore from there.",
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(concealed(text)),
      getOutHelpWidth: () => widthOf(stdout),
      getErrHelpWidth: () => widthOf(stderr),
    })
    .hook("preAction", (_, action) => requireNonEmpty(action.args, action.opts()))
    .addHelpText("after", help);
  for (const [name, command] of Object.entries(commands))
    await command.addTo(clade, name, { context, words, ended });
  return clade;
}

function widthOf({ isTTY, columns }: Output): number {
  // The width that commander assumes without a terminal.
  return (isTTY ? columns : undefined) ?? 80;
}

/** An unset shell variable gives an empty word, which would mean something else. */
function requireNonEmpty(
  words: readonly string[],
  options: { readonly [name: string]: unknown },
): void {
  const given = [
    ...words.map((word) => ["a word of the command", word] as const),
    ...Object.entries(options),
  ];
  const empty = given.filter(([, value]) => [value].flat().includes(""));
  if (empty.length === 0) return;
  throw new BadInputError(
    empty.map(([name]) => ({
      path: name in options ? flagOf(name) : name,
      value: '""',
      rule: "is empty",
      remedy: "give a value, or leave it out",
    })),
  );
}
