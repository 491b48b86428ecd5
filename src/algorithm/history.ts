import { firstPlace } from "./bisect.ts";
import type { Hyperparameters, Snapshot, SnapshotId } from "./snapshot.ts";

/** How many generations back a decision may look. */
export const rememberedGenerations = 24;

/** What strategies see of the past: the last 24 generations. */
export interface PopulationHistory<H = Hyperparameters> {
  /**
   * The snapshots that were trained in a generation, in the order of their members: the same list
   * until another one is added.
   */
  trained(generation: number): readonly Snapshot<H>[];
  /**
   * What a trained snapshot began its generation with, such as a copy with its donor's score.
   * Undefined for the first generation, and for what is too long ago.
   */
  startOf(snapshot: Snapshot<H>): Snapshot<H> | undefined;
  /**
   * Generations that the member of a snapshot has completed with it since it last copied anything,
   * or since its beginning. A copy that is too long ago counts as none.
   */
  generationsSinceCopy(snapshot: Snapshot<H>): number;
}

interface Generation {
  /** What was trained in it, in the order of members; a new list with each that is added. */
  trained: readonly Snapshot[];
  /** What its members then went on with. */
  readonly after: Snapshot[];
}

/** Takes one snapshot at a time, in any order, and the same one more than once. */
export class RecentHistory implements PopulationHistory {
  readonly #generations = new Map<number, Generation>();
  readonly #snapshots = new Map<SnapshotId, Snapshot>();
  readonly #copies = new Map<number, number[]>();

  add(snapshot: Snapshot): void {
    const { id, kind, member, generation } = snapshot;
    if (kind === "initial" || this.#snapshots.has(id)) return;
    this.#snapshots.set(id, snapshot);
    const now = this.#generation(generation);
    if (kind === "trained") {
      const place = firstPlace(now.trained, (other) => other.member > member);
      now.trained = now.trained.toSpliced(place, 0, snapshot);
    } else now.after.push(snapshot);
    if (kind === "copied" || kind === "restarted") {
      const copies = this.#copies.get(member);
      if (copies) copies.push(generation);
      else this.#copies.set(member, [generation]);
    }
  }

  /** Forgets what no decision about this generation, or about a later one, may look at. */
  forgetBefore(generation: number): void {
    for (const [number, { trained, after }] of this.#generations) {
      if (number > generation - rememberedGenerations) continue;
      this.#generations.delete(number);
      for (const { id } of trained) this.#snapshots.delete(id);
      for (const { id, member } of after) {
        this.#snapshots.delete(id);
        const copies = this.#copies.get(member)?.filter((copy) => copy > number);
        if (copies) this.#copies.set(member, copies);
      }
    }
  }

  trained(generation: number): readonly Snapshot[] {
    return this.#generations.get(generation)?.trained ?? [];
  }

  startOf({ parent }: Snapshot): Snapshot | undefined {
    return parent && this.#snapshots.get(parent);
  }

  generationsSinceCopy({ member, generation }: Snapshot): number {
    const copies = this.#copies.get(member) ?? [];
    // What was copied at the end of this generation came after it.
    return generation - Math.max(0, ...copies.filter((copy) => copy < generation));
  }

  #generation(number: number): Generation {
    const known = this.#generations.get(number);
    if (known) return known;
    const generation: Generation = { trained: [], after: [] };
    this.#generations.set(number, generation);
    return generation;
  }
}
