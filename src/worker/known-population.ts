import type { Strategies } from "../algorithm/population-based-training.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";
import { readsHistory } from "../algorithm/strategy.ts";
import type { News, PopulationStore, Run } from "../population-store/population-store.ts";
import { PopulationView } from "./population-view.ts";

/** What a worker knows of the population, and the place in the history up to which it knows it. */
export class KnownPopulation {
  readonly #store: PopulationStore;
  readonly #run: Run;
  readonly #withHistory: boolean;
  #known: { readonly view: PopulationView; readonly cursor: number } | undefined;

  constructor(store: PopulationStore, run: Run, { exploit, explore }: Strategies) {
    this.#store = store;
    this.#run = run;
    this.#withHistory = readsHistory(exploit) || readsHistory(explore);
  }

  /** Undefined while nothing is known. */
  get view(): PopulationView | undefined {
    return this.#known?.view;
  }

  /** The place where the news begins that it lacks. */
  get cursor(): number | undefined {
    return this.#known?.cursor;
  }

  /**
   * The population with the news of a claim, or as it is now. The next decision may be about the
   * given generation or a later one.
   */
  async with(news: News | undefined, generation: number): Promise<PopulationView> {
    if (!this.#known)
      this.#known = await PopulationView.read(
        this.#store,
        this.#run,
        generation,
        this.#withHistory,
      );
    else this.#add(news ?? (await this.#store.news(this.#run.id, this.#known.cursor)));
    return this.#known.view;
  }

  /** What the worker itself has published, which also comes with the next news. */
  published(...snapshots: readonly Snapshot[]): void {
    for (const snapshot of snapshots) this.#known?.view.update(snapshot);
  }

  #add({ snapshots, cursor }: News): void {
    const { view } = this.#known!;
    for (const snapshot of snapshots) view.update(snapshot);
    this.#known = { view, cursor };
  }
}
