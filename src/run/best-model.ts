/** The best model of a run in a program: what was published of it, and the model itself. */
import { BadInputError } from "../algorithm/problem.ts";
import { type ScheduleSegment, schedule } from "../algorithm/schedule.ts";
import { show } from "../algorithm/show.ts";
import type {
  CheckpointFiles,
  Hyperparameters,
  Snapshot,
  SnapshotId,
  TreeSnapshot,
} from "../algorithm/snapshot.ts";
import { ancestorsOf } from "../analysis/branches.ts";
import { lineage } from "../analysis/lineage.ts";
import type { Experiment } from "../experiment/experiment.ts";
import {
  type InProcessTrainerSource,
  isCommand,
  type TrainerSource,
} from "../experiment/trainer.ts";
import type { PopulationStore, Run, RunId } from "../population-store/population-store.ts";
import { madeTrainer } from "../trainer/in-process/in-process-session.ts";
import { stateOf } from "../trainer/in-process/state-files.ts";
import { trainerSeed } from "../worker/trainer-seed.ts";
import type { Program } from "./program.ts";

/**
 * The best model of a run, by the held-out metric if there is one, otherwise by the score. H, S
 * and T are the experiment's hyperparameters, what its trainer's `save` gives, and the trainer.
 */
export interface BestModel<H = Hyperparameters, M extends string = string, S = object, T = object>
  extends Snapshot<H, M> {
  /** The hyperparameters that made it, generation by generation, across its copies. */
  readonly schedule: readonly ScheduleSegment<H>[];
  /**
   * What the trainer's `save` gave. Throws `CheckpointError` if the model cannot be read, and
   * `BadInputError` for a trainer that is a command, whose files only it can read.
   */
  state(): Promise<S>;
  /** A new trainer that holds the model. Dispose of it yourself. Throws as `state` does. */
  trainer(): Promise<T>;
  /** The files of its checkpoint, by name. Throws `CheckpointError`. */
  files(): Promise<CheckpointFiles>;
}

export async function bestModelOf(
  { populationStore, checkpoints }: Pick<Program, "populationStore" | "checkpoints">,
  run: Run,
  experiment: Experiment,
  best: Snapshot,
): Promise<BestModel> {
  const chain = await lineageOf(populationStore, run.id, best.id);
  const files = async () => {
    await using store = await checkpoints(run.id);
    return await store.load(best.checkpoint!);
  };
  const state = async () => {
    requireInProcess(experiment.trainer);
    return stateOf(await files());
  };
  const trainer = async () => {
    const source = requireInProcess(experiment.trainer);
    const { hyperparameters } = best;
    const context = { seed: trainerSeed(run.seed, best.member), hyperparameters };
    const saved = await state();
    const made = await madeTrainer(source, context);
    await made.restore(saved as never, context);
    return made;
  };
  // Methods are not enumerable, so that a model prints, compares and is sent as data.
  return Object.defineProperties({ ...best, schedule: schedule(chain) } as unknown as BestModel, {
    files: { value: files },
    state: { value: state },
    trainer: { value: trainer },
  });
}

/** Up to so many snapshots are read at once, in a few messages. */
const fewSnapshots = 20_000;

async function lineageOf(
  store: PopulationStore,
  run: RunId,
  id: SnapshotId,
): Promise<readonly TreeSnapshot[]> {
  const { snapshots } = await store.counts(run);
  if (snapshots > fewSnapshots) return await lineage(id, (each) => store.snapshot(run, each));
  const tree: TreeSnapshot[] = [];
  for await (const page of store.tree(run)) tree.push(...page);
  return ancestorsOf(id, tree);
}

function requireInProcess(source: TrainerSource): InProcessTrainerSource {
  if (!isCommand(source)) return source;
  const rule = "is a command, and only it can read what it saved";
  const remedy = "take the files of the model: best.files()";
  throw new BadInputError([{ path: "trainer", value: show(source.command), rule, remedy }]);
}
