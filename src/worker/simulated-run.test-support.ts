/** Runs in simulated time, with workers and trainers that fail. */
import {
  defineExperiment,
  everySteps,
  type Hyperparameters,
  maximize,
  memoryPopulationStore,
  truncationSelection,
  uniform,
} from "clade";
import { populationAsSeenBy } from "../../test/simulation/simulated-stores.ts";
import { Process, World } from "../../test/simulation/world.ts";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import {
  beginning,
  type PopulationStore,
  type RunId,
  type WorkerId,
} from "../population-store/population-store.ts";
import { createRun } from "../run/create-run.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import type { Clock } from "./clock.ts";
import type { Hang } from "./hang.ts";
import { work } from "./worker.ts";

export class Climber {
  height = 0;
  async step({ rate }: Hyperparameters): Promise<void> {
    this.height += rate as number;
  }
  evaluate() {
    return { height: this.height };
  }
  save() {
    return { height: this.height };
  }
  restore({ height }: { readonly height: number }) {
    this.height = height;
  }
}

export const climbing = (changes: object = {}) =>
  defineExperiment({
    name: "climb",
    population: 6,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("height"),
    ready: everySteps(5),
    exploit: truncationSelection({ fraction: 0.34 }),
    budget: { stepsPerMember: 20 },
    trainer: Climber,
    ...changes,
  });

const nothing = async () => {};
const calm = { awayUntil: 0, fullUntil: 0, lostAnswers: 0, tornCheckpoints: 0 };

/** A run in simulated time, and workers that join it, each with a trainer of its own. */
export async function simulatedRun(experiment = climbing(), patienceSeconds = 60) {
  const world = new World(1);
  const store = memoryPopulationStore({ now: () => world.time });
  const created = await createRun(store, experiment, 1);
  const checkpointStore = memoryCheckpointStore();
  const told: string[] = [];
  let working = 0;
  const runWorld = async () => {
    while (working > 0) {
      await world.run(() => working === 0, nothing);
      await new Promise(setImmediate);
    }
  };
  const join = async (
    name: string,
    session: TrainerSession,
    signal = new AbortController().signal,
    pausing = (pause: Clock["pause"]) => pause,
    hang: Hang | undefined = undefined,
  ) => {
    const process = new Process(world, name);
    if (++working === 1) void runWorld();
    try {
      return await work({
        worker: `${name}:1:1` as WorkerId,
        run: created,
        experiment,
        populationStore: populationAsSeenBy(process, world, calm, store),
        checkpointStore,
        session,
        signal,
        hang,
        leaseMs: 60_000,
        patienceMs: 1000 * patienceSeconds,
        clock: { ...process.clock, pause: pausing(process.clock.pause) },
        tell: (line) => told.push(`${name}: ${line}`),
      });
    } finally {
      working--;
    }
  };
  const seen = async () => ({
    run: await store.run(created.id),
    members: await store.members(created.id),
    ...(await store.changes(created.id, beginning, 100_000)),
  });
  const until = async (isSo: () => boolean | Promise<boolean>) => {
    while (!(await isSo())) await world.pause(10);
  };
  return { id: created.id, store, join, seen, told, until, world };
}

export const sound = () => inProcessSession(Climber);

/** Steps of a session fail while `fails` says so. */
export function failing(
  fails: (step: number, values: Hyperparameters) => string | false,
): TrainerSession {
  let steps = 0;
  class Failing extends Climber {
    override async step(values: Hyperparameters) {
      const error = fails(++steps, values);
      if (error) throw new Error(error);
      await super.step(values);
    }
  }
  return inProcessSession(Failing);
}

export const states = (members: readonly { readonly state: string }[]) =>
  members.map(({ state }) => state);
export const finished = Array(6).fill("finished");
export const stateOf = async (store: PopulationStore, id: RunId) =>
  (await store.workers(id)).map(({ state }) => state.kind);
