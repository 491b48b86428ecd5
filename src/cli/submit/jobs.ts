/** The jobs submitted to clusters for a run, as their schedulers see them. */
import { CladeError } from "../../algorithm/clade-error.ts";
import { deleteFromKubernetes, stateOfJob } from "../../cluster/kubernetes-jobs.ts";
import { cancelInSlurm, statesOfTasks } from "../../cluster/slurm-jobs.ts";
import type { PopulationStore, Run, RunNote } from "../../population-store/population-store.ts";
import { plural } from "../../report/words.ts";

type Job = Extract<RunNote, { readonly kind: "job" }>;

interface Scheduler {
  /** The state of the job, in words. */
  state(env: NodeJS.ProcessEnv, job: Job, run: Run): Promise<string>;
  /** Ends the job, and resolves what ended; undefined if nothing was left of it. */
  end(env: NodeJS.ProcessEnv, job: Job, run: Run): Promise<string | undefined>;
}

const schedulers: { readonly [name in Job["scheduler"]]: Scheduler } = {
  slurm: {
    async state(env, job, run) {
      return numbers(await statesOfTasks(env, job.id, run.id)).toLowerCase() || "has ended";
    },
    async end(env, job, run) {
      const tasks = await cancelInSlurm(env, job.id, run.id);
      return tasks > 0 ? `${plural(tasks, "task")} ended` : undefined;
    },
  },
  kubernetes: {
    async state(env, { id, where }) {
      const state = await stateOfJob(env, id, where);
      if (!state) return "is not in this cluster";
      const { active, succeeded, failed, ended, troubles } = state;
      const ending = ended ? `${ended}: ` : "";
      const why = troubles.size > 0 ? ` (${numbers(troubles)})` : "";
      return `${ending}pods: ${active} active, ${succeeded} succeeded, ${failed} failed${why}`;
    },
    async end(env, { id, where }) {
      return (await deleteFromKubernetes(env, id, where)) ? "deleted" : undefined;
    },
  },
};

async function jobsOf(population: PopulationStore, run: Run): Promise<Job[]> {
  return (await population.notes(run.id)).filter((note) => note.kind === "job");
}

/**
 * A line for each job. A scheduler that does not answer must not prevent the run from being shown.
 */
export async function jobLines(
  env: NodeJS.ProcessEnv,
  population: PopulationStore,
  run: Run,
): Promise<string[]> {
  const lines = (await jobsOf(population, run)).map(async (job) => {
    const state = await unlessUnknown(
      () => schedulers[job.scheduler].state(env, job, run),
      (why) => `unknown (${why})`,
    );
    return `${job.scheduler} ${job.id}: ${state}`;
  });
  return await Promise.all(lines);
}

/** Ends the jobs, with a line for each. */
export async function endJobs(
  env: NodeJS.ProcessEnv,
  population: PopulationStore,
  run: Run,
): Promise<string[]> {
  const told: string[] = [];
  for (const job of await jobsOf(population, run)) {
    const ended = await unlessUnknown(
      () => schedulers[job.scheduler].end(env, job, run),
      (why) => `could not be ended (${why})`,
    );
    if (ended !== undefined) told.push(`${job.scheduler} ${job.id}: ${ended}`);
  }
  return told;
}

function numbers(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${count} ${what}`).join(", ");
}

async function unlessUnknown<T>(
  ask: () => Promise<T>,
  unknown: (why: string) => string,
): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CladeError) return unknown(error.message);
    throw error;
  }
}
