/** A run in stores that last, for a page that is reloaded, and for two pages at once. */
import {
  beginning,
  defineExperiment,
  everySteps,
  indexedDbCheckpointStore,
  indexedDbPopulationStore,
  join,
  maximize,
  type RunId,
  resume,
  start,
  uniform,
} from "clade/browser";

/** While it is set, nobody gets further than this, so that the run cannot end too early. */
const held = "held";
const heldAt = 60;

class Climber {
  height = 0;
  steps = 0;
  async step({ rate }: { rate: number }) {
    this.steps++;
    do await new Promise((resolve) => setTimeout(resolve, 1));
    while (this.steps > heldAt && localStorage.getItem(held));
    this.height += rate;
  }
  evaluate() {
    return { height: this.height };
  }
  save() {
    return { height: this.height, steps: this.steps };
  }
  restore({ height, steps }: { height: number; steps: number }) {
    this.height = height;
    this.steps = steps;
  }
}

const experiment = defineExperiment({
  name: "climb",
  population: 4,
  hyperparameters: { rate: uniform(0, 1) },
  objective: maximize("height"),
  ready: everySteps(4),
  budget: { stepsPerMember: 120 },
  trainer: Climber,
});

const populationStore = indexedDbPopulationStore();
const checkpoints = indexedDbCheckpointStore;

/** Resolves the run's id as soon as something is published, and works on. */
export async function begin(): Promise<RunId> {
  localStorage.setItem(held, "yes");
  const session = await start(experiment, { populationStore, checkpoints, workers: 2 });
  for await (const event of session)
    if (event.type === "snapshot" && event.snapshot.generation === 5) break;
  return session.id;
}

/** Resolves the ids of what was published, and the pages that did it. */
export async function published(id: RunId) {
  const { snapshots } = await populationStore.changes(id, beginning, 10_000);
  const pages = new Set(snapshots.flatMap(({ worker }) => worker?.split(":")[0] ?? []));
  return { snapshots: snapshots.map((snapshot) => snapshot.id), pages: [...pages] };
}

/** Lets go of the members as soon as two pages hold some. */
export async function letGo(id: RunId): Promise<void> {
  for (;;) {
    const members = await populationStore.members(id);
    const pages = members.flatMap(({ lease }) => lease?.worker.split(":")[0] ?? []);
    if (new Set(pages).size === 2) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  localStorage.removeItem(held);
}

/** Goes on until the run is done. */
export async function goOn(id: RunId) {
  const session = await resume(populationStore, id, experiment, { checkpoints });
  const { state, totalSteps, score, best } = await session.result;
  return { state: state.kind, totalSteps, score, height: (await best!.state()).height };
}

export async function help(id: RunId): Promise<void> {
  await (await join(populationStore, id, experiment, { checkpoints })).result;
}

/** Trains models of 300 kB, which differ, until there is no room for them. */
export async function fillDisk() {
  class Heavy extends Climber {
    override save() {
      const ballast = Float64Array.from({ length: 40_000 }, () => Math.random());
      return { ...super.save(), ballast };
    }
  }
  const heavy = defineExperiment({ ...experiment.declaration, trainer: Heavy } as never);
  const session = await start(heavy, { populationStore, checkpoints });
  const error = await session.result.then(
    () => "it ended",
    ({ message }) => message as string,
  );
  const { snapshots } = await populationStore.changes(session.id, beginning, 10_000);
  const { best } = await populationStore.run(session.id);
  return { error, published: snapshots.length, best: best !== undefined };
}
