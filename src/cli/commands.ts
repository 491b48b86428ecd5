/**
 * Every command: its name, its summary, its arguments, and the file that has its options and what
 * it does. That file is loaded when a command line names the command. The help of all commands,
 * and a mistyped name, need none.
 */
import { argument } from "./declare/argument.ts";
import { group, listed } from "./declare/command.ts";

const runArgument = argument("[run]", "the run (default: the newest that is not a control)");

/** For a new run, or for one that exists. */
const experimentArgument = argument(
  "[experiment]",
  "the experiment's file; a run is created for it",
);

/** In the order in which the help lists them. */
export const commands = {
  init: listed({
    summary: "write a starter experiment that runs unchanged",
    arguments: [
      argument(
        "[file]",
        "where to write it (default: experiment.ts, or experiment.yaml for python and yaml)",
      ),
    ],
    load: async () => (await import("./commands/init.ts")).init,
  }),
  check: listed({
    summary:
      "test an experiment: its mutations, one step, save and restore; " +
      "or the places that workers share",
    arguments: [argument("[experiment]", "the experiment's file")],
    load: async () => (await import("./commands/check.ts")).check,
  }),
  run: listed({
    summary: "train a population",
    arguments: [argument("<experiment>", "the experiment's file")],
    load: async () => (await import("./commands/run.ts")).run,
  }),
  study: listed({
    summary: "run the variants of an experiment with several seeds, and compare them",
    arguments: [argument("<study>", "the study's file")],
    load: async () => (await import("./commands/study.ts")).study,
  }),
  replay: listed({
    summary: "train fresh models along the schedule that a run found, or write the schedule",
    arguments: [runArgument],
    load: async () => (await import("./commands/replay.ts")).replay,
  }),
  resume: listed({
    summary: "continue a run that was stopped, was interrupted or has failed",
    arguments: [
      argument(
        "[run]",
        "the run, or the beginning of its name (default: the newest that is not a control)",
      ),
    ],
    load: async () => (await import("./commands/resume.ts")).resume,
  }),
  stop: listed({
    summary: "stop a run; workers drop the generation in progress",
    arguments: [runArgument],
    load: async () => (await import("./commands/stop.ts")).stop,
  }),
  worker: listed({
    summary: "join a run from another terminal, or from another machine",
    arguments: [runArgument],
    load: async () => (await import("./commands/worker.ts")).worker,
  }),
  submit: group({
    summary: "run workers on a Slurm or Kubernetes cluster",
    commands: {
      slurm: listed({
        summary: "a job array of workers",
        arguments: [
          experimentArgument,
          argument("[options...]", "after --: any options of sbatch"),
        ],
        load: async () => (await import("./commands/submit-slurm.ts")).submitSlurm,
      }),
      kubernetes: listed({
        summary: "a parallel Job of workers: its manifest, or the Job itself with --apply",
        arguments: [experimentArgument],
        load: async () => (await import("./commands/submit-kubernetes.ts")).submitKubernetes,
      }),
    },
  }),
  list: listed({
    summary: "list the runs",
    arguments: [],
    load: async () => (await import("./commands/list.ts")).list,
  }),
  status: listed({
    summary: "the state of a run, its jobs and its members",
    arguments: [runArgument],
    load: async () => (await import("./commands/status.ts")).status,
  }),
  best: listed({
    summary: "the best model of a run: files, hyperparameters, schedule",
    arguments: [runArgument],
    load: async () => (await import("./commands/best.ts")).best,
  }),
  show: listed({
    summary: "the members of a run, and who copied whom and why",
    arguments: [runArgument],
    load: async () => (await import("./commands/show.ts")).show,
  }),
  compare: listed({
    summary: "compare runs or studies: intervals over seeds, and verdicts against a baseline",
    arguments: [argument("<runs...>", "runs, or studies")],
    load: async () => (await import("./commands/compare.ts")).compare,
  }),
  export: listed({
    summary: "everything about a run, for other tools: snapshots, decisions, failures, settings",
    arguments: [runArgument],
    load: async () => (await import("./commands/export.ts")).exportRun,
  }),
  report: listed({
    summary:
      "a run as one HTML file: lineage, tree, schedules, decisions; or a comparison of runs",
    arguments: [
      argument(
        "[runs...]",
        "a run (default: the newest that is not a control), or a study, " +
          "or several runs to compare",
      ),
    ],
    load: async () => (await import("./commands/report.ts")).report,
  }),
  gc: listed({
    summary: "delete unused checkpoints; workers also do so while they work",
    arguments: [argument("[run]", "the run (default: every run of the store)")],
    load: async () => (await import("./commands/gc.ts")).gc,
  }),
  remove: listed({
    summary: "remove a run and its checkpoints",
    arguments: [argument("<run>", "the run, by its full name")],
    load: async () => (await import("./commands/remove.ts")).remove,
  }),
};
