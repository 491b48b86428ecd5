/**
 * Workers as a job array of Slurm (21.08 or later). Each task is a batch script with one worker.
 */
import { BadInputError } from "../algorithm/problem.ts";

export interface SlurmSettings {
  readonly run: string;
  /** The command that starts Clade, as words for a shell. */
  readonly clade: readonly string[];
  /** More words for `clade worker`. */
  readonly workerOptions: readonly string[];
  /** Tasks of the array: the maximum number of workers. */
  readonly array: number;
  readonly gpusPerWorker?: number;
  readonly cpusPerWorker?: number;
  readonly memoryPerWorker?: string;
  readonly time?: string;
  readonly partition?: string;
  /** The directory for the output of workers. */
  readonly logDirectory: string;
  /** The store's URL if it has no password. Otherwise it is in the environment. */
  readonly store?: string;
  /** The exit code of a worker whose run has failed. */
  readonly runFailedCode: number;
  /** Options for sbatch, unchanged. They come last, so that they take precedence. */
  readonly more: readonly string[];
}

/**
 * Longer than the 30 seconds that Slurm by default gives a job to exit after the script's requeue.
 */
const secondsBeforeTheLimit = 60;

/**
 * The worker is a child of the script, because Slurm signals only the script. TERM comes with a
 * preemption, with a node that goes down, and with scancel. Slurm knows after which of them it
 * starts the task again. After the time limit it would not. So USR2 comes before the limit, and
 * the script requeues itself at once; TERM then comes as in a preemption. If the script requeued
 * itself only after its worker has exited, a task that was cancelled meanwhile would come back,
 * and one with a slow worker would not. The task is named by array and number, because one task
 * has the id of the whole array.
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
  // Slurm expands what follows a percent sign.
  const logs = `${logDirectory}/${run}-slurm`.replaceAll("%", "%%");
  const lines = [
    [`--job-name=${run}`],
    [`--array=1-${array}`],
    ["--ntasks=1"],
    cpusPerWorker === undefined ? [] : [`--cpus-per-task=${cpusPerWorker}`],
    // Not --gpus-per-task, which only one of Slurm's resource selection plugins supports.
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
 * A word of a directive. Slurm reads it as a shell does, except that a backslash also has its
 * meaning inside quotes. Text after a line break would be a command of the script, so a line break
 * throws a `BadInputError`.
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
