import { rememberedGenerations } from "../algorithm/history.ts";
import type { RankedPopulation } from "../algorithm/population.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";

/**
 * Each member as it was when it reached a generation, or as it is if it has not reached it. So a
 * slow member is compared with what the others were after as much training. Who is more than a
 * generation behind is left out, since the slow would fill the last places, and the fast would
 * never copy.
 */
export class PopulationUpTo {
  readonly population: RankedPopulation;
  #generation: number;
  /**
   * What is known of the members that are further, oldest first. Nothing is missing after the
   * first of each.
   */
  readonly #ahead = new Map<number, Snapshot[]>();

  /** The population has each member's newest snapshot up to the generation. */
  constructor(population: RankedPopulation, generation: number) {
    this.population = population;
    this.#generation = generation;
    population.leaveOutBefore(generation - 1);
  }

  get generation(): number {
    return this.#generation;
  }

  update(snapshot: Snapshot): void {
    const { member, generation } = snapshot;
    if (generation <= this.#generation) {
      this.population.update(snapshot);
      if (generation < this.#generation - 1) this.population.leaveOutBefore(this.#generation - 1);
      return;
    }
    const known = this.#ahead.get(member) ?? [];
    // A store can say what is too much to remember.
    if (known.length >= rememberedGenerations) known.length = 0;
    if (known.at(-1)?.generation === generation) known.pop();
    this.#ahead.set(member, [...known, snapshot]);
  }

  /** Whether it can go on to a generation: every member is known as it was then. */
  reaches(generation: number): boolean {
    if (generation <= this.#generation) return generation === this.#generation;
    return [...this.#ahead.values()].every(([oldest]) => oldest!.generation <= generation);
  }

  goOnTo(generation: number): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    for (const [member, known] of this.#ahead) {
      const reached = known.filter((snapshot) => snapshot.generation <= generation);
      for (const snapshot of reached) this.population.update(snapshot);
      if (reached.length === known.length) this.#ahead.delete(member);
      else this.#ahead.set(member, known.slice(reached.length));
    }
    this.population.leaveOutBefore(generation - 1);
  }
}
