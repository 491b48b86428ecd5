import { RecentHistory, rememberedGenerations } from "../algorithm/history.ts";
import { RankedPopulation } from "../algorithm/population.ts";
import { isEarned, type Snapshot } from "../algorithm/snapshot.ts";
import { generationsOf } from "../experiment/budget.ts";
import {
  beginning,
  type PopulationStore,
  type Run,
  type RunId,
} from "../population-store/population-store.ts";

/**
 * The population as a worker knows it, kept up to date with what others publish. A decision about
 * a generation sees each member's newest snapshot up to that generation. If a member is further
 * ahead it sees the last but one, because no older checkpoint is kept: a slow member copies a fast
 * one as it was a generation ago.
 */
export class PopulationView {
  /** The population as it is now, whatever the generation. */
  readonly now: RankedPopulation;
  readonly #upTo: RankedPopulation;
  readonly #synchronous: boolean;
  #generation: number;
  /** The newest snapshots of the members that are ahead of the generation. */
  readonly #ahead = new Map<number, Snapshot>();
  /** Undefined where no strategy looks at it. */
  readonly #history: RecentHistory | undefined;

  constructor(experiment: Run["experiment"], generation: number, withHistory: boolean) {
    const { objective, synchronous, population } = experiment;
    const facts = {
      direction: objective.direction,
      size: population,
      generations: generationsOf(experiment),
    };
    this.#history = withHistory ? new RecentHistory() : undefined;
    this.#synchronous = synchronous;
    this.now = new RankedPopulation(facts, this.#history);
    this.#upTo = new RankedPopulation(facts, this.#history);
    this.#generation = generation;
  }

  /** Reads the population from the store, and its place in the history. */
  static async read(
    store: PopulationStore,
    { id, experiment }: Run,
    generation: number,
    withHistory = false,
  ): Promise<{ view: PopulationView; cursor: number }> {
    const view = new PopulationView(experiment, generation, withHistory);
    const { snapshots, cursor } = await store.present(id);
    if (withHistory) await view.#readHistory(store, id, cursor, experiment.population);
    for (const snapshot of await store.generation(id, generation)) view.update(snapshot);
    for (const snapshot of snapshots) {
      view.update(snapshot);
      if (snapshot.generation > generation + 1) view.#upTo.update(snapshot);
    }
    const { best } = await store.run(id);
    if (best) {
      const snapshot = await store.snapshot(id, best);
      view.now.noteBest(snapshot);
      if (snapshot.generation <= generation) view.#upTo.noteBest(snapshot);
      else if (experiment.synchronous) await view.#noteBestUpTo(store, id);
    }
    return { view, cursor };
  }

  /** Reads back from a place to before the generations that decisions look at. */
  async #readHistory(
    store: PopulationStore,
    run: RunId,
    cursor: number,
    population: number,
  ): Promise<void> {
    // A generation has a snapshot, and perhaps a copy, of each member.
    for (let count = 2 * population * rememberedGenerations; ; count *= 2) {
      const since = Math.max(0, cursor - count);
      const { snapshots } = await store.news(run, since);
      const oldest = snapshots[0]?.generation ?? 0;
      if (since > 0 && oldest > this.#generation - rememberedGenerations) continue;
      for (const snapshot of snapshots) this.#history!.add(snapshot);
      this.#history!.forgetBefore(this.#generation);
      return;
    }
  }

  /**
   * The best up to the generation, if the best of the run came later. The end of a synchronous run
   * depends on it. Otherwise the best that members hold now is enough, so that a worker that joins
   * a large population late need not read all of its history.
   */
  async #noteBestUpTo(store: PopulationStore, run: RunId): Promise<void> {
    for (let after = beginning; ; ) {
      const { snapshots, cursor } = await store.changes(run, after);
      if (snapshots.length === 0) return;
      for (const { publishedAt, worker, ...snapshot } of snapshots) {
        if (snapshot.kind === "trained" && snapshot.generation <= this.#generation)
          this.#upTo.noteBest(snapshot);
      }
      after = cursor;
    }
  }

  update(snapshot: Snapshot): void {
    this.#history?.add(snapshot);
    this.now.update(snapshot);
    if (!isEarned(snapshot)) return;
    // Whether another member of the generation has been evaluated again depends on the order of
    // workers.
    if (this.#synchronous && snapshot.kind === "evaluated") return;
    const { member, generation } = snapshot;
    const before = this.#ahead.get(member);
    this.#ahead.delete(member);
    if (generation <= this.#generation) {
      this.#upTo.update(snapshot);
    } else {
      if (before && before.generation < generation) this.#upTo.update(before);
      this.#ahead.set(member, snapshot);
    }
  }

  /** The population for a decision about a generation, or about the last requested one. */
  upTo(generation: number): RankedPopulation {
    if (generation > this.#generation) {
      this.#generation = generation;
      this.#history?.forgetBefore(generation);
      for (const [member, snapshot] of this.#ahead) {
        if (snapshot.generation > generation) continue;
        this.#upTo.update(snapshot);
        this.#ahead.delete(member);
      }
    }
    return this.#upTo;
  }
}
