/** Runs that exist, in a program: going on with one, and helping with one that others work on. */
import { CladeError } from "../algorithm/clade-error.ts";
import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import type { PopulationStore, Run, RunId } from "../population-store/population-store.ts";
import { changesSince, type ExperimentChange } from "./changes-since.ts";
import { requireRight } from "./check-options.ts";
import { type Program, programOf } from "./program.ts";
import { hasSomethingToDo } from "./something-to-do.ts";
import { ProgramSession, type RunSession, tryInProgram, type WorkOptions } from "./start.ts";

/** What may change when a run goes on. The rest is its identity. */
const changeable = ["budget", "ready", "exploit", "explore", "exploreEvery"];

/** How a program works on a run that exists. */
export type ResumeOptions<H, M extends string> = Omit<WorkOptions<H, M>, "populationStore">;

/** The public `resume`, on the host of the options. */
export async function resume<H, M extends string, S, T>(
  populationStore: PopulationStore,
  id: RunId,
  experiment: Experiment<H, M, S, T>,
  options: ResumeOptions<H, M> = {},
): Promise<RunSession<H, M, S, T>> {
  const { plain, program } = given(populationStore, experiment, options);
  const run = await populationStore.run(id);
  const changes = changesSince(run, plain);
  requireSame(
    run,
    changes.filter(({ key }) => !changeable.includes(key)),
  );
  await program.releaseDead(populationStore, id);
  await requireModels(program, run);
  if (run.state.kind === "done") await requireSomethingToDo(populationStore, run, plain);
  await tryInProgram(program, plain, run.seed);
  if (changes.length > 0) await requireNobodyElse(populationStore, run);
  const described = changes.length > 0 ? { experiment: describeExperiment(plain) } : undefined;
  await populationStore.resume(id, described);
  const resumed = await populationStore.run(id);
  const session = new ProgramSession(program, resumed, plain, options as WorkOptions);
  return session as unknown as RunSession<H, M, S, T>;
}

/** The public `join`, on the host of the options. */
export async function join<H, M extends string, S, T>(
  populationStore: PopulationStore,
  id: RunId,
  experiment: Experiment<H, M, S, T>,
  options: ResumeOptions<H, M> = {},
): Promise<RunSession<H, M, S, T>> {
  const { plain, program } = given(populationStore, experiment, options);
  const run = await populationStore.run(id);
  requireSame(run, changesSince(run, plain));
  await program.releaseDead(populationStore, id);
  await requireModels(program, run);
  await tryInProgram(program, plain, run.seed);
  const session = new ProgramSession(program, run, plain, options as WorkOptions, {
    leaves: true,
  });
  return session as unknown as RunSession<H, M, S, T>;
}

function given(populationStore: PopulationStore, experiment: unknown, options: object) {
  requireRight("populationStore", populationStore);
  requireRight("experiment", experiment);
  const program = programOf({ ...options, populationStore }, ["onEvent"]);
  return { plain: experiment as Experiment, program };
}

function requireSame(run: Run, changes: readonly ExperimentChange[]): void {
  if (changes.length === 0) return;
  const lines = changes.map(
    ({ key, before, now }) => `\n  ${key}: ${before} in the run, ${now} here`,
  );
  throw new CladeError(
    `run ${run.id}: the experiment is not what the run began with; ` +
      `undo the change, or start a new run:${lines.join("")}`,
  );
}

/** A worker that does not see the others' models would take every member back to its start. */
async function requireModels({ populationStore, checkpoints }: Program, run: Run): Promise<void> {
  const members = await populationStore.members(run.id);
  const saved = members.find(({ newest }) => newest.checkpoint !== undefined)?.newest.checkpoint;
  if (saved === undefined) return;
  await using store = await checkpoints(run.id);
  const read = store.directories ? store.directories.look(saved) : store.load(saved);
  await read.then(
    () => {},
    (cause) => {
      const remedy = "give the option checkpoints with the place that the run began with";
      throw new CladeError(`run ${run.id}: its models are not here; ${remedy}`, { cause });
    },
  );
}

async function requireSomethingToDo(
  store: PopulationStore,
  run: Run,
  experiment: Experiment,
): Promise<void> {
  if (await hasSomethingToDo(store, run, experiment)) return;
  throw new CladeError(
    `run ${run.id}: is done (${"reason" in run.state ? run.state.reason : ""}), and this budget ` +
      "leaves nothing to do; give the experiment a larger one",
  );
}

/** Others would go on with what was, and decide otherwise than this program. */
async function requireNobodyElse(store: PopulationStore, { id }: Run): Promise<void> {
  const holders = (await store.members(id)).flatMap(({ lease }) =>
    lease && lease.until > Date.now() ? lease.worker : [],
  );
  if (holders.length === 0) return;
  throw new CladeError(
    `run ${id}: ${[...new Set(holders)].join(", ")} work on it as it was; stop it before you ` +
      "change its budget or a strategy",
  );
}
