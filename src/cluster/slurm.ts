/** Workers as a job array of Slurm (21.08 or later): each task is a batch script with one worker. */

export interface SlurmSettings {
  readonly run: string;
  /** How to start Clade, in words for a shell. */
  readonly clade: readonly string[];
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
  readonly workerOptions: readonly string[];
  /** Options for sbatch as they are given. They come last, so that they count. */
  readonly more: readonly string[];
}

/** Long enough to interrupt a trainer, give the member back and ask for the requeue. Slurm sends the signal up to a minute early. */
const secondsBeforeTheLimit = 60;

/**
 * The worker stays a child of the script, which Slurm signals: TERM when the job is preempted, cancelled or its node goes down, where Slurm itself knows whether to
 * requeue; and USR2 ahead of the time limit, after which it would not, so the script asks for it. A worker that is killed by something else is started
 * again, twice at most.
 */
export function slurmScript(settings: SlurmSettings): string {
  const { run, array, gpusPerWorker, cpusPerWorker, memoryPerWorker, time, partition, logDirectory } =
    settings;
  const options = [
    `--job-name=${run}`,
    `--array=1-${array}`,
    "--ntasks=1",
    ...(cpusPerWorker === undefined ? [] : [`--cpus-per-task=${cpusPerWorker}`]),
    ...(gpusPerWorker === undefined ? [] : [`--gres=gpu:${gpusPerWorker}`]),
    ...(memoryPerWorker === undefined ? [] : [`--mem=${memoryPerWorker}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    "--requeue",
    `--signal=B:USR2@${secondsBeforeTheLimit}`,
    "--open-mode=append",
    `--output=${logDirectory}/${run}-slurm-%A_%a.log`,
    ...settings.more,
  ];
  const worker = [...settings.clade, "worker", run, ...settings.workerOptions].map(quoted).join(" ");
  const store =
    settings.store === undefined
      ? `: "\${CLADE_STORE:?did not reach the job: submit without --export, or keep the password in ~/.pgpass}"`
      : `export CLADE_STORE=${quoted(settings.store)}`;
  return `#!/bin/bash
${options.map((option) => `#SBATCH ${directive(option)}`).join("\n")}

${store}
export OMP_NUM_THREADS="\${OMP_NUM_THREADS:-\${SLURM_CPUS_PER_TASK:-1}}"

leaving=
again=
trap 'leaving=yes; kill -TERM $worker 2>/dev/null' TERM INT
trap 'leaving=yes; again=yes; kill -TERM $worker 2>/dev/null' USR2

for attempt in 1 2 3; do
  ${worker} &
  worker=$!
  while kill -0 $worker 2>/dev/null; do wait $worker; done
  wait $worker
  code=$?
  [ -z "$leaving" ] && [ $code -gt 128 ] && [ $code -ne 130 ] || break
done

if [ -n "$again" ] && [ $code -ne 0 ]; then
  echo "the time limit is near and the run goes on: requeued"
  exec scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
`;
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Slurm takes quotes away from the words of a directive. */
function directive(option: string): string {
  return /\s/.test(option) ? `"${option}"` : option;
}
