import { Command } from "commander";
import { BadInputError } from "../algorithm/problem.ts";
import type { Context, Output } from "./context.ts";
import type { CliCommand } from "./declare/command.ts";
import { flagOf } from "./declare/option.ts";
import { concealed } from "./printing/concealed.ts";
import { version } from "./version.ts";

/**
 * A command's file is loaded when the command is called. Otherwise most of a command's start would
 * be spent on loading the others.
 */
const commands: { readonly [name: string]: () => Promise<CliCommand> } = {
  init: async () => (await import("./commands/init.ts")).init,
  check: async () => (await import("./commands/check.ts")).check,
  run: async () => (await import("./commands/run.ts")).run,
  study: async () => (await import("./commands/study.ts")).study,
  replay: async () => (await import("./commands/replay.ts")).replay,
  resume: async () => (await import("./commands/resume.ts")).resume,
  stop: async () => (await import("./commands/stop.ts")).stop,
  worker: async () => (await import("./commands/worker.ts")).worker,
  submit: async () => (await import("./commands/submit.ts")).submit,
  list: async () => (await import("./commands/list.ts")).list,
  status: async () => (await import("./commands/status.ts")).status,
  best: async () => (await import("./commands/best.ts")).best,
  show: async () => (await import("./commands/show.ts")).show,
  compare: async () => (await import("./commands/compare.ts")).compare,
  export: async () => (await import("./commands/export.ts")).exportRun,
  report: async () => (await import("./commands/report.ts")).report,
  gc: async () => (await import("./commands/gc.ts")).gc,
  remove: async () => (await import("./commands/remove.ts")).remove,
};

const help = `
A command without a run's name takes the newest run that is not a control, and says so on standard
error. Controls are the runs of run --control and of a study's baseline. Only stop, worker and
resume take one, if no other run needs them.
Exit codes: 0 done, 1 failed, 2 bad input, 3 done but members were given up, 5 (from worker) the
run has failed, 130 interrupted.`;

/** The command that the first word names, or all commands. `ended` gets the exit code. */
export async function program(
  context: Context,
  [first = ""]: readonly string[] = [],
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
  const named = Object.hasOwn(commands, first) ? [commands[first]!] : Object.values(commands);
  for (const load of named) (await load()).addTo(clade, context, ended);
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
