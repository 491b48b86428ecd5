/** The jobs that were submitted to clusters for a run, as their schedulers see them. */
import { CladeError } from "../algorithm/clade-error.ts";
import { cancelInSlurm, statesOfTasks } from "../cluster/slurm-jobs.ts";
import type { PopulationStore, Run, RunNote } from "../population-store/population-store.ts";
import { plural } from "../report/words.ts";

type Job = Extract<RunNote, { readonly kind: "job" }>;

async function jobsOf(population: PopulationStore, run: Run): Promise<Job[]> {
  return (await population.notes(run.id)).filter((note) => note.kind === "job");
}

/** A line for each job. A scheduler that does not answer is no reason not to show the run. */
export async function jobLines(population: PopulationStore, run: Run): Promise<string[]> {
  const lines = (await jobsOf(population, run)).map(async (job) => {
    const states = await unlessUnknown(() => statesOfTasks(job.id, run.id));
    if (typeof states === "string") return `${job.scheduler} ${job.id}: unknown (${states})`;
    const shown = [...states].map(([state, tasks]) => `${tasks} ${state.toLowerCase()}`).join(", ");
    return `${job.scheduler} ${job.id}: ${shown || "has ended"}`;
  });
  return await Promise.all(lines);
}

/** Ends the jobs, and tells of each. */
export async function endJobs(population: PopulationStore, run: Run): Promise<string[]> {
  const told: string[] = [];
  for (const job of await jobsOf(population, run)) {
    const ended = await unlessUnknown(() => cancelInSlurm(job.id, run.id));
    if (typeof ended === "string") told.push(`${job.scheduler} ${job.id}: could not be ended (${ended})`);
    else if (ended > 0) told.push(`${job.scheduler} ${job.id}: ${plural(ended, "task")} ended`);
  }
  return told;
}

async function unlessUnknown<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CladeError) return error.message;
    throw error;
  }
}
