/**
 * The command line. Each command is a file of its own; this one parses, and turns errors into one
 * clear message and an exit code.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Command, CommanderError, Option } from "commander";
import { CladeError } from "../algorithm/clade-error.ts";
import { legibleBelow } from "../algorithm/legible.ts";
import { BadInputError } from "../algorithm/problem.ts";
import { baselines } from "../experiment/study/baselines.ts";
import { RunNotFoundError, StoreVersionError } from "../population-store/population-store.ts";
import { gpuNames } from "../processes/worker-processes.ts";
import { TrainerError } from "../trainer/trainer-session.ts";
import { MetricError } from "../worker/measurement.ts";
import { exportFormats } from "./commands/export.ts";
import { templates } from "./commands/init.ts";
import { isBadInput } from "./declarations/declaration-file.ts";
import { DifferentCodeError } from "./declarations/different-code-error.ts";
import { userFrames } from "./declarations/import-failure.ts";
import { exitCodes } from "./exit-codes.ts";
import { timeIn, wholeNumber } from "./options/settings.ts";
import { concealed } from "./printing/concealed.ts";
import { guard } from "./printing/terminal.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as {
  version: string;
};

export async function main(argv: readonly string[]): Promise<void> {
  guard(process.stdout);
  guard(process.stderr);
  process.on("uncaughtException", (error) => process.exit(report(error)));
  process.stdout.on("error", stopForClosedPipe);
  process.on("exit", explainUnsettled);
  try {
    await program().parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
  // A trainer may have left timers, sockets or threads behind that would keep this process.
  process.exit();
}

/**
 * Whoever read the output has gone, as in `clade run --json | head`: a run stops as after Ctrl-C,
 * and any other command just ends.
 */
function stopForClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  if (process.listenerCount("SIGINT") === 0) process.exit(exitCodes.done);
  process.stdout.removeAllListeners("error").on("error", () => {});
  process.emit("SIGINT");
}

/** Node ends with 13 when nothing is left that could settle the promise that is waited for. */
function explainUnsettled(code: number): void {
  if (code !== 13) return;
  console.error(
    "a promise of the trainer, or at the top of the experiment's file, never settled, and nothing is left that could; look at what they wait for",
  );
  process.exitCode = exitCodes.failed;
}

const withoutName = `A command without a run's name takes the newest run, and says so on standard error. Controls, which are
the runs of run --control and of a study's baseline, are passed over; only stop, worker and resume
take one when nothing else goes on.`;

/** The commands with their options. */
export function program(): Command {
  const clade = new Command("clade")
    .description(
      "Population Based Training: weak members copy strong ones while they train, and explore from there.",
    )
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(concealed(text)) })
    .hook("preAction", (_, action) => refuseEmpty(action.args, action.opts()))
    .addHelpText(
      "after",
      `\n${withoutName}\nExit codes: 0 done, 1 failed, 2 bad input, 3 done but members were given up, 130 interrupted.`,
    );
  const store = new Option(
    "--store <url>",
    "where the runs are: a SQLite file, or postgres://user@host/database (default: CLADE_STORE, or .clade/clade.db)",
  );
  const checkpoints = new Option(
    "--checkpoints <url>",
    "where a new run's checkpoints are, or where this machine sees a run's: s3://bucket/prefix, or a shared directory as file:///path (default: CLADE_CHECKPOINTS, or beside the store)",
  );
  const allowDifferentCode = new Option(
    "--allow-different-code",
    "work although the experiment or its files are not those that the run began with; the run keeps a note of it",
  );
  const json = new Option("--json", "print JSON, and nothing else, on standard output");
  const several = (value: string, before: readonly string[] = []) => [...before, value];
  const set = new Option(
    "--set <key=value>",
    "change a setting, such as budget.stepsPerMember=1000 or exploit=noExploit",
  ).argParser(several);
  const workers = new Option("--workers <n>", "worker processes on this machine").argParser(
    wholeNumber("--workers"),
  );
  const gpus = new Option(
    "--gpus <list>",
    "GPUs of this machine, such as 0,1; each worker gets one",
  ).argParser(gpuNames);
  const membersPerGpu = new Option(
    "--members-per-gpu <n>",
    "members that train on one GPU at the same time (default: 1)",
  ).argParser(wholeNumber("--members-per-gpu"));
  const patience = new Option(
    "--patience <time>",
    "how long nothing may succeed before a worker leaves or a member is given up, such as 90s, 10m or 2h (default: 10m)",
  ).argParser(timeIn("--patience"));
  const population = new Option("--population <n>", "how many members").argParser(
    wholeNumber("--population"),
  );
  const seed = new Option("--seed <n>", "makes every draw repeatable").argParser(
    wholeNumber("--seed", 0),
  );
  const metric = new Option(
    "--metric <name>",
    "compare by this metric of the best models (default: the held-out one, or the score)",
  );
  const baseline = new Option(
    "--baseline <name>",
    "the method or variant to compare with (default: the study's)",
  );
  const sameData = new Option(
    "--same-data",
    "says that different trainers train and are scored on the same data",
  );
  const command = (name: string, summary: string) =>
    clade.command(name).description(summary).exitOverride().allowExcessArguments(false);

  command("init", "write a starting experiment that runs as it is")
    .argument(
      "[file]",
      "where to write it (default: experiment.ts, or experiment.yaml for python and yaml)",
    )
    .addOption(
      new Option(
        "--template <name>",
        "the language of the trainer (default: typescript, or yaml for a .yaml file)",
      ).choices(templates),
    )
    .action(lazily(async () => (await import("./commands/init.ts")).initCommand));
  command(
    "check",
    "try out an experiment: its mutations, one step, save and restore; or the places that workers share",
  )
    .argument("[experiment]", "the experiment's file")
    .addOption(set)
    .addOption(population)
    .addOption(seed)
    .addOption(new Option("--store <url>", "try this store"))
    .addOption(new Option("--checkpoints <url>", "try this place for checkpoints"))
    .option(
      "--sees <sign>",
      "whether this machine sees what another's check wrote to --checkpoints",
    )
    .action(lazily(async () => (await import("./commands/check.ts")).checkCommand));
  command("run", "train a population")
    .argument("<experiment>", "the experiment's file")
    .addOption(store)
    .addOption(checkpoints)
    .addOption(workers)
    .addOption(gpus)
    .addOption(membersPerGpu)
    .addOption(patience)
    .addOption(population)
    .addOption(seed)
    .addOption(set)
    .addOption(
      new Option(
        "--control <name>",
        "afterwards run a control with the same seed and budget, and compare",
      ).choices(Object.keys(baselines)),
    )
    .addOption(json)
    .action(lazily(async () => (await import("./commands/run.ts")).runCommand));
  command("study", "run the variants of an experiment with several seeds, and compare them")
    .argument("<study>", "the study's file")
    .addOption(store)
    .addOption(checkpoints)
    .addOption(workers)
    .addOption(gpus)
    .addOption(membersPerGpu)
    .addOption(patience)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/study.ts")).studyCommand));
  command(
    "replay",
    "train fresh models along the schedule that a run found, or write the schedule",
  )
    .argument("[run]", "the run (default: the newest that is not a control)")
    .addOption(
      new Option(
        "--models <n>",
        "how many fresh models, each with a seed of its own (default: 1)",
      ).argParser(wholeNumber("--models")),
    )
    .addOption(
      new Option(
        "--member <n>",
        "the lineage of a member's newest snapshot (default: that of the best model)",
      )
        .argParser(wholeNumber("--member", 0))
        .conflicts("snapshot"),
    )
    .option("--snapshot <id>", "the lineage of a snapshot, such as 3.12")
    .option(
      "--export <file>",
      "write the schedule to a .json, .csv or .py file, and train nothing",
    )
    .addOption(store)
    .addOption(checkpoints)
    .addOption(workers)
    .addOption(gpus)
    .addOption(membersPerGpu)
    .addOption(patience)
    .addOption(seed)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/replay.ts")).replayCommand));
  command("resume", "go on with a run that was stopped, interrupted or has failed")
    .argument(
      "[run]",
      "the run, or how its name begins (default: the newest that is not a control)",
    )
    .addOption(store)
    .addOption(checkpoints)
    .addOption(workers)
    .addOption(gpus)
    .addOption(membersPerGpu)
    .addOption(patience)
    .addOption(allowDifferentCode)
    .addOption(set)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/resume.ts")).resumeCommand));
  command("stop", "stop a run; workers drop the generation in progress")
    .argument("[run]", "the run (default: the newest that is not a control)")
    .addOption(store)
    .action(lazily(async () => (await import("./commands/stop.ts")).stopCommand));
  command("worker", "join a run from another terminal, or from another machine")
    .argument("[run]", "the run (default: the newest that is not a control)")
    .addOption(store)
    .addOption(checkpoints)
    .option(
      "--experiment <file>",
      "the experiment's file on this machine (default: where it was when the run began)",
    )
    .addOption(patience)
    .addOption(workers)
    .addOption(gpus)
    .addOption(membersPerGpu)
    .addOption(allowDifferentCode)
    .option("--check", "train one generation here without publishing it, and leave")
    .addOption(
      new Option("--local", "leave when the process that started this one does").hideHelp(),
    )
    .addOption(
      new Option(
        "--tell <place>",
        "print what the worker does, as 2/4 under the number 2",
      ).hideHelp(),
    )
    .action(lazily(async () => (await import("./commands/worker.ts")).workerCommand));
  const submit = clade
    .command("submit")
    .description("hand a run's workers to a cluster that is there")
    .exitOverride();
  const clusterCommand = (name: string, summary: string) =>
    submit
      .command(name)
      .description(summary)
      .exitOverride()
      .argument("[experiment]", "the experiment's file; a run is created for it")
      .option("--run <run>", "more workers for a run that exists, instead of a new one")
      .addOption(store)
      .addOption(checkpoints)
      .addOption(patience)
      .addOption(population)
      .addOption(seed)
      .addOption(set);
  clusterCommand("slurm", "a job array of workers")
    .argument("[options...]", "after --: any options of sbatch")
    .requiredOption("--array <n>", "how many workers", wholeNumber("--array"))
    .option("--gpus-per-worker <n>", "GPUs for each worker", wholeNumber("--gpus-per-worker"))
    .option("--cpus-per-worker <n>", "cores for each worker", wholeNumber("--cpus-per-worker"))
    .option("--memory-per-worker <size>", "memory for each worker, such as 16G")
    .option(
      "--time <limit>",
      "the time limit of a worker, such as 4:00:00; it goes on after a requeue",
    )
    .option("--partition <name>", "the partition")
    .option("--print", "print the script, and submit nothing")
    .action(lazily(async () => (await import("./commands/submit-slurm.ts")).submitSlurmCommand));
  clusterCommand(
    "kubernetes",
    "a parallel Job of workers: its manifest, or the Job itself with --apply",
  )
    .requiredOption("--workers <n>", "how many workers", wholeNumber("--workers"))
    .requiredOption("--image <name>", "an image with Clade and the experiment")
    .requiredOption(
      "--secret <name>",
      "a Secret with CLADE_STORE and whatever else workers need in their environment; may be repeated",
      several,
    )
    .option("--apply", "apply the manifest with kubectl, instead of printing it")
    .option(
      "--experiment-in-image <file>",
      "the experiment's file in the image (default: /experiment/ and its name)",
    )
    .option(
      "--volume-claim <name:/path>",
      "mount a PersistentVolumeClaim there, such as one for checkpoints; may be repeated",
      several,
    )
    .option("--namespace <name>", "the namespace (default: kubectl's own)")
    .option(
      "--gpus-per-worker <n>",
      "NVIDIA GPUs for each worker",
      wholeNumber("--gpus-per-worker"),
    )
    .option("--cpus-per-worker <n>", "cores for each worker, such as 4 or 500m")
    .option("--memory-per-worker <size>", "memory for each worker, such as 16Gi")
    .option("--node-label <label=value>", "only nodes with this label; may be repeated", several)
    .option("--tolerate <key>", "also nodes with a taint of this key; may be repeated", several)
    .option(
      "--kubernetes-version <version>",
      "the cluster's version (default: asked of it with --apply)",
    )
    .action(
      lazily(
        async () => (await import("./commands/submit-kubernetes.ts")).submitKubernetesCommand,
      ),
    );
  command("list", "list the runs")
    .addOption(store)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/list.ts")).listCommand));
  command("status", "how a run is getting on")
    .argument("[run]", "the run (default: the newest that is not a control)")
    .addOption(store)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/status.ts")).statusCommand));
  command("best", "the best model of a run: files, hyperparameters, schedule")
    .argument("[run]", "the run (default: the newest that is not a control)")
    .option("--out <directory>", "where to write them")
    .addOption(store)
    .addOption(checkpoints)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/best.ts")).bestCommand));
  command("show", "the members of a run, and who copied whom and why")
    .argument("[run]", "the run (default: the newest that is not a control)")
    .addOption(
      new Option("--member <n>", "every decision about one member").argParser(
        wholeNumber("--member", 0),
      ),
    )
    .option("--all", "every copy and failure instead of the last ones")
    .addOption(store)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/show.ts")).showCommand));
  command(
    "compare",
    "what runs prove about each other: intervals over seeds, and verdicts beside a baseline",
  )
    .argument("<runs...>", "runs, or studies")
    .addOption(metric)
    .addOption(baseline)
    .addOption(sameData)
    .addOption(store)
    .addOption(json)
    .action(lazily(async () => (await import("./commands/compare.ts")).compareCommand));
  command(
    "export",
    "everything about a run, for other tools: snapshots, decisions, failures, settings",
  )
    .argument("[run]", "the run (default: the newest that is not a control)")
    .addOption(
      new Option("--format <name>", "JSON lines, or a directory with a file for each table")
        .choices(exportFormats)
        .default("jsonl"),
    )
    .option("--out <path>", "where to write it (default: standard output, for jsonl)")
    .addOption(store)
    .action(lazily(async () => (await import("./commands/export.ts")).exportCommand));
  command(
    "report",
    "a run in one HTML file: lineage, tree, schedules, decisions; or a study, compared",
  )
    .argument(
      "[runs...]",
      "a run (default: the newest that is not a control), or a study, or several runs to compare",
    )
    .option("--out <file>", "where to write it; a file that is there is replaced", "report.html")
    .option(
      "--figures <directory>",
      "write the figures there, too, as SVG and PNG, for light and dark paper",
    )
    .addOption(metric)
    .addOption(baseline)
    .addOption(sameData)
    .addOption(store)
    .action(async (names, options) =>
      (await import("./commands/report.ts")).reportCommand(names, options, version),
    );
  command(
    "gc",
    "delete checkpoints that nobody needs; workers do so by themselves while they work",
  )
    .argument("[run]", "the run (default: every run of the store)")
    .addOption(store)
    .addOption(checkpoints)
    .action(lazily(async () => (await import("./commands/gc.ts")).gcCommand));
  command("remove", "remove a run and its checkpoints")
    .argument("<run>", "the run, by its whole name")
    .option("--yes", "do not ask")
    .addOption(store)
    .addOption(checkpoints)
    .action(lazily(async () => (await import("./commands/remove.ts")).removeCommand));
  return clade;
}

/**
 * A command's own file is loaded when the command is called: most of the time that one takes to
 * start goes into what only others need.
 */
function lazily<Words extends unknown[]>(
  load: () => Promise<(...words: Words) => Promise<void> | void>,
): (...words: Words) => Promise<void> {
  return async (...words) => (await load())(...words);
}

/**
 * A variable of the shell that is not set gives an empty word, which would mean something else.
 */
function refuseEmpty(
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
      path:
        name in options
          ? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
          : name,
      value: '""',
      rule: "is empty",
      remedy: "give a value, or leave it out",
    })),
  );
}

/** Prints what went wrong and gives the exit code. Our own mistakes keep their stack. */
function report(error: unknown): number {
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
  if (!(error instanceof CladeError)) {
    console.error(concealed(inspect(error)));
    return exitCodes.failed;
  }
  if (error instanceof TrainerError)
    console.error(legibleBelow(`${error.message}\n${userFrames(error.detail)}`));
  else console.error(concealed(error.message));
  const badInput =
    isBadInput(error) ||
    error instanceof DifferentCodeError ||
    error instanceof RunNotFoundError ||
    error instanceof StoreVersionError ||
    error instanceof TrainerError ||
    error instanceof MetricError;
  return badInput ? exitCodes.badInput : exitCodes.failed;
}
