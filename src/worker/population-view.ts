import { RecentHistory, rememberedGenerations } from "../algorithm/history.ts";
import { type PopulationFacts, RankedPopulation } from "../algorithm/population.ts";
import { isEarned, type Snapshot } from "../algorithm/snapshot.ts";
import { generationsOf } from "../experiment/budget.ts";
import {
  beginning,
  type PopulationStore,
  type Run,
  type RunId,
} from "../population-store/population-store.ts";
import { PopulationUpTo } from "./population-up-to.ts";

/**
 * The population as a worker knows it, kept up to date with what others publish. A decision about
 * a generation sees the population up to it.
 */
export class PopulationView {
  /** The population as it is now, whatever the generation. */
  readonly now: RankedPopulation;
  /**
   * The one that was asked for last comes last. There are at most two: where speeds differ, a
   * worker decides about slow and fast members by turns.
   */
  #upTo: readonly PopulationUpTo[] = [];
  readonly #store: PopulationStore;
  readonly #run: RunId;
  readonly #facts: PopulationFacts;
  readonly #synchronous: boolean;
  /** Undefined where no strategy looks at it. */
  readonly #history: RecentHistory | undefined;
  /** The first generation whose decisions the history suffices for. */
  #remembersFrom = Infinity;

  private constructor(store: PopulationStore, { id, experiment }: Run, withHistory: boolean) {
    const { objective, synchronous, population } = experiment;
    this.#facts = {
      direction: objective.direction,
      size: population,
      generations: generationsOf(experiment),
    };
    this.#history = withHistory ? new RecentHistory() : undefined;
    this.#synchronous = synchronous;
    this.#store = store;
    this.#run = id;
    this.now = new RankedPopulation(this.#facts, this.#history);
  }

  /** Reads the population from the store, and its place in the history. */
  static async read(
    store: PopulationStore,
    run: Run,
    generation: number,
    withHistory = false,
  ): Promise<{ view: PopulationView; cursor: number }> {
    const view = new PopulationView(store, run, withHistory);
    const { snapshots, cursor } = await store.present(run.id);
    for (const snapshot of snapshots) view.now.update(snapshot);
    const { best } = await store.run(run.id);
    if (best) view.now.noteBest(await store.snapshot(run.id, best));
    const { population } = await view.#readUpTo(generation, cursor);
    if (run.experiment.synchronous && (view.now.best?.generation ?? 0) > generation)
      await noteBestUpTo(generation, population, store, run.id);
    return { view, cursor };
  }

  async #readUpTo(generation: number, cursor?: number): Promise<PopulationUpTo> {
    if (this.#history && generation < this.#remembersFrom)
      await this.#readHistory(
        this.#history,
        generation,
        cursor ?? (await this.#store.present(this.#run)).cursor,
      );
    const population = new RankedPopulation(this.#facts, this.#history);
    const { best } = this.now;
    if (best && best.generation <= generation) population.noteBest(best);
    for (const snapshot of await this.#store.generation(this.#run, generation))
      population.update(snapshot);
    const upTo = new PopulationUpTo(population, generation);
    for (const snapshot of this.now.newest()) this.#show(snapshot, upTo);
    this.#upTo = [...this.#upTo.slice(-1), upTo];
    return upTo;
  }

  /** Reads back from a place to before the generations that a decision looks at. */
  async #readHistory(history: RecentHistory, generation: number, cursor: number): Promise<void> {
    const first = generation - rememberedGenerations + 1;
    const members = [...this.now.newest()].filter((newest) => newest.generation > first);
    // A generation has a snapshot, and perhaps a copy, of each member.
    for (let count = 2 * this.#facts.size * rememberedGenerations; ; count *= 2) {
      const since = Math.max(0, cursor - count);
      const { snapshots } = await this.#store.news(this.#run, since);
      const early = snapshots.filter((snapshot) => snapshot.generation <= first);
      const reached = new Set(early.map(({ member }) => member));
      if (since > 0 && !members.every(({ member }) => reached.has(member))) continue;
      for (const snapshot of snapshots) history.add(snapshot);
      return;
    }
  }

  update(snapshot: Snapshot): void {
    this.#history?.add(snapshot);
    this.now.update(snapshot);
    for (const upTo of this.#upTo) this.#show(snapshot, upTo);
  }

  #show(snapshot: Snapshot, upTo: PopulationUpTo): void {
    if (!isEarned(snapshot)) return;
    // Whether another member of the generation has been evaluated again depends on the order of
    // workers.
    if (this.#synchronous && snapshot.kind === "evaluated") return;
    upTo.update(snapshot);
  }

  /** The population for a decision about a generation. */
  async upTo(generation: number): Promise<RankedPopulation> {
    const last = this.#upTo.at(-1)!;
    if (last.generation === generation) return last.population;
    const near = this.#upTo
      .filter((each) => each.reaches(generation))
      .sort((first, second) => second.generation - first.generation);
    const upTo = near[0] ?? (await this.#readUpTo(generation));
    upTo.goOnTo(generation);
    // What nobody asks for any more need not be remembered.
    const others = this.#upTo.filter(
      (other) => other !== upTo && other.generation > generation - rememberedGenerations,
    );
    this.#upTo = [...others, upTo];
    this.#remembersFrom = Math.min(...this.#upTo.map((each) => each.generation));
    this.#history?.forgetBefore(this.#remembersFrom);
    return upTo.population;
  }

  /**
   * What can be copied of a member whose snapshot was compared. Of a member that has trained on
   * for more than a generation no older checkpoint is kept than its newest.
   */
  keptOf(compared: Snapshot): Snapshot {
    const newest = this.now.newestOf(compared.member);
    return newest && newest.generation > compared.generation + 1 ? newest : compared;
  }
}

/**
 * The best up to the generation, if the best of the run came later. The end of a synchronous run
 * depends on it. Otherwise the best that members hold now is enough, so that a worker that joins a
 * large population late need not read all of its history.
 */
async function noteBestUpTo(
  generation: number,
  population: RankedPopulation,
  store: PopulationStore,
  run: RunId,
): Promise<void> {
  for (let after = beginning; ; ) {
    const { snapshots, cursor } = await store.changes(run, after);
    if (snapshots.length === 0) return;
    for (const { publishedAt, worker, ...snapshot } of snapshots)
      if (snapshot.kind === "trained" && snapshot.generation <= generation)
        population.noteBest(snapshot);
    after = cursor;
  }
}
