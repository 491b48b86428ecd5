/** Submits, queries and ends jobs with Slurm's own commands. */
import { execFile } from "node:child_process";
import { CladeError } from "../algorithm/clade-error.ts";

/** The number of a job array's tasks in each state, such as `RUNNING` or `PENDING`. */
export type TaskStates = ReadonlyMap<string, number>;

/** Throws if Slurm's commands are not on this machine. */
export async function requireSlurm(env: NodeJS.ProcessEnv): Promise<void> {
  await slurm(env, "sbatch", ["--version"]);
}

/**
 * Submits a script and resolves the job's id. The environment is passed to the job. Throws with
 * sbatch's message. The name is given again, because an environment variable of the site may
 * override the one in the script.
 */
export async function submitToSlurm(
  env: NodeJS.ProcessEnv,
  script: string,
  name: string,
): Promise<string> {
  const words = ["--parsable", `--job-name=${name}`, script];
  const { code, stdout, stderr } = await slurm(env, "sbatch", words);
  if (code !== 0)
    throw new CladeError(
      `sbatch: the cluster rejects the job; it says: ${sentence(stderr || stdout)}`,
    );
  // With several clusters the cluster's name follows.
  return stdout.trim().split("\n").at(-1)!.split(";")[0]!;
}

/**
 * What Slurm still knows of a job array: nothing if it has ended. The id may since belong to
 * another job, which has another name.
 */
export async function statesOfTasks(
  env: NodeJS.ProcessEnv,
  id: string,
  name: string,
): Promise<TaskStates> {
  const { code, stdout, stderr } = await slurm(env, "squeue", [
    "--noheader",
    "--array",
    `--jobs=${id}`,
    "--format=%T %j",
  ]);
  if (code !== 0) {
    if (/invalid job id/i.test(stderr)) return new Map();
    throw new CladeError(`squeue: ${sentence(stderr)}`);
  }
  const states = new Map<string, number>();
  for (const line of stdout.split("\n")) {
    const [state, ...words] = line.trim().split(" ");
    if (state && words.join(" ") === name) states.set(state, (states.get(state) ?? 0) + 1);
  }
  return states;
}

/**
 * Ends a job array, and resolves the number of its tasks. Slurm itself checks the name, so another
 * job that now has the id is left alone.
 */
export async function cancelInSlurm(
  env: NodeJS.ProcessEnv,
  id: string,
  name: string,
): Promise<number> {
  const states = await statesOfTasks(env, id, name);
  const count = [...states.values()].reduce((sum, tasks) => sum + tasks, 0);
  if (count === 0) return 0;
  const { code, stderr } = await slurm(env, "scancel", [`--name=${name}`, id]);
  if (code !== 0) throw new CladeError(`scancel: ${sentence(stderr)}`);
  return count;
}

function slurm(
  env: NodeJS.ProcessEnv,
  command: string,
  words: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(command, words, { env }, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT")
        reject(
          new CladeError(
            `${command}: is not installed on this machine; ` +
              "run this where Slurm's commands are, as on a login node",
          ),
        );
      else resolve({ code: error ? 1 : 0, stdout, stderr });
    });
  });
}

/** A command's message in one line, without the command's name. */
function sentence(words: string): string {
  return words
    .trim()
    .split("\n")
    .map((line) => line.replace(/^\w+: (error: )?/, "").trim())
    .join("; ");
}
