import { type Direction, RankedPopulation } from "../algorithm/population.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";
import type { PopulationStore, Run } from "../population-store/population-store.ts";

/**
 * The population as a worker knows it, kept up to date with what others publish: as it is now, and as it was up to a generation, which
 * is what a decision about a member of that generation sees. Decisions come nearly always in the order of generations, so a
 * snapshot that is ahead waits here until its generation is asked for.
 */
export class PopulationView {
  readonly now: RankedPopulation;
  readonly #upTo: RankedPopulation;
  #generation: number;
  #ahead: Snapshot[] = [];

  constructor(direction: Direction, generation: number) {
    this.now = new RankedPopulation(direction);
    this.#upTo = new RankedPopulation(direction);
    this.#generation = generation;
  }

  /** Reads the population from the store. Resolves the place in the history that the view stands for, too. */
  static async read(
    store: PopulationStore,
    { id, experiment }: Run,
    generation: number,
  ): Promise<{ view: PopulationView; cursor: number }> {
    const view = new PopulationView(experiment.objective.direction, generation);
    const { snapshots, cursor } = await store.present(id);
    for (const snapshot of await store.generation(id, generation)) view.update(snapshot);
    for (const snapshot of snapshots) view.update(snapshot);
    const { best } = await store.run(id);
    if (best) view.now.noteBest(await store.snapshot(id, best));
    return { view, cursor };
  }

  update(snapshot: Snapshot): void {
    this.now.update(snapshot);
    if (snapshot.generation > this.#generation) this.#ahead.push(snapshot);
    else this.#upTo.update(snapshot);
  }

  /** Whether a generation can still be shown; an earlier one than before has to be read anew. */
  reaches(generation: number): boolean {
    return generation >= this.#generation;
  }

  /** Of each member the newest snapshot with a score of its own, up to the generation. */
  upTo(generation: number): RankedPopulation {
    if (generation > this.#generation) {
      this.#generation = generation;
      const due = this.#ahead.filter((snapshot) => snapshot.generation <= generation);
      this.#ahead = this.#ahead.filter((snapshot) => snapshot.generation > generation);
      for (const snapshot of due) this.#upTo.update(snapshot);
    }
    return this.#upTo;
  }
}
