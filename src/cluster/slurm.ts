/**
 * Workers as a job array of Slurm (21.08 or later): each task is a batch script with one worker.
 */
import { BadInputError } from "../algorithm/problem.ts";

export interface SlurmSettings {
  readonly run: string;
  /** How to start Clade, in words for a shell. */
  readonly clade: readonly string[];
  /** More words for `clade worker`. */
  readonly workerOptions: readonly string[];
  /** Tasks of the array, which is how many workers there are at most. */
  readonly array: number;
  readonly gpusPerWorker?: number;
  readonly cpusPerWorker?: number;
  readonly memoryPerWorker?: string;
  readonly time?: string;
  readonly partition?: string;
  /** Where what the workers print goes. */
  readonly logDirectory: string;
  /** The store's URL if it has no password; the environment has it otherwise. */
  readonly store?: string;
  /** The exit code of a worker whose run has failed. */
  readonly runFailedCode: number;
  /** Options for sbatch as they are given. They come last, so that they count. */
  readonly more: readonly string[];
}

/**
 * Longer than the 30 seconds that Slurm gives a job to leave, by default, after the requeue that
 * the script asks for.
 */
const secondsBeforeTheLimit = 60;

/**
 * The worker is a child of the script, since Slurm signals the script alone. TERM comes with a
 * preemption, a node that goes down and scancel, and Slurm knows after which of them it starts the
 * task again. It would not after the time limit: ahead of that comes USR2, and the script has
 * itself requeued, at once, so that TERM comes as in a preemption. Requeued only after its worker
 * has left, a task that was cancelled meanwhile would come back, and one whose worker is slow to
 * leave would not. The task is named by array and number, because one task has the id of the whole
 * array.
 */
export function slurmScript(settings: SlurmSettings): string {
  const worker = [...settings.clade, "worker", settings.run, ...settings.workerOptions]
    .map(quoted)
    .join(" ");
  const store =
    settings.store === undefined
      ? ': "${CLADE_STORE:?did not reach the job: submit without --export, ' +
        'or keep the password in ~/.pgpass}"'
      : `export CLADE_STORE=${quoted(settings.store)}`;
  return `#!/bin/bash
${directives(settings).join("\n")}

${store}
export OMP_NUM_THREADS="\${OMP_NUM_THREADS:-\${SLURM_CPUS_PER_TASK:-\${SLURM_CPUS_ON_NODE:-1}}}"

# The time limit is near: this task goes back to the queue, and its worker is asked to leave as \
by a preemption.
trap 'echo "the time limit is near: requeued"; \
scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"' USR2
# The worker drops its generation and gives its member back. Slurm knows whether this task is to \
start again.
trap 'leaving=yes; kill -TERM "$worker" 2>/dev/null' TERM INT

leaving=
for attempt in 1 2 3; do
  ${worker} &
  worker=$!
  while kill -0 "$worker" 2>/dev/null; do wait "$worker"; done
  wait "$worker"
  code=$?
  # One that was killed, but not by Slurm, is started again.
  [ -z "$leaving" ] && [ "$code" -gt 128 ] && [ "$code" -ne 130 ] || break
done

# The run is over: tasks that have not begun need not.
case $code in 0 | ${settings.runFailedCode}) \
scancel --quiet --state=PENDING "$SLURM_ARRAY_JOB_ID" ;; esac
exit "$code"
`;
}

function directives({ run, array, logDirectory, more, ...settings }: SlurmSettings): string[] {
  const { gpusPerWorker, cpusPerWorker, memoryPerWorker, time, partition } = settings;
  // Slurm replaces what follows a percent sign.
  const logs = `${logDirectory}/${run}-slurm`.replaceAll("%", "%%");
  const lines = [
    [`--job-name=${run}`],
    [`--array=1-${array}`],
    ["--ntasks=1"],
    cpusPerWorker === undefined ? [] : [`--cpus-per-task=${cpusPerWorker}`],
    // Not --gpus-per-task, which only one of Slurm's selectors of resources knows.
    gpusPerWorker === undefined ? [] : [`--gres=gpu:${gpusPerWorker}`],
    memoryPerWorker === undefined ? [] : [`--mem=${memoryPerWorker}`],
    time === undefined ? [] : [`--time=${time}`],
    partition === undefined ? [] : [`--partition=${partition}`],
    ["--requeue"],
    [`--signal=B:USR2@${secondsBeforeTheLimit}`],
    ["--open-mode=append"],
    [`--output=${logs}-%A_%a.log`],
    more,
  ];
  return lines
    .filter((words) => words.length > 0)
    .map((words) => `#SBATCH ${words.map(quotedForSlurm).join(" ")}`);
}

/**
 * A word of a directive, which Slurm reads as a shell does, but that a backslash counts between
 * quotes too. What comes after a line break would be a command of the script: throws a
 * `BadInputError`.
 */
function quotedForSlurm(word: string): string {
  if (!/[\n\r\0]/.test(word)) return quoted(word.replaceAll("\\", "\\\\"));
  const rule = "has a line break, which sbatch options cannot have";
  throw new BadInputError([
    { path: "sbatch", value: JSON.stringify(word), rule, remedy: "leave it out" },
  ]);
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
