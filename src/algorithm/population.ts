import { firstPlace } from "./bisect.ts";
import { type PopulationHistory, RecentHistory } from "./history.ts";
import { type Hyperparameters, isEarned, type Snapshot } from "./snapshot.ts";

/** Whether more or less of the objective is better. */
export type Direction = "maximize" | "minimize";

/**
 * What strategies see: the newest snapshot of each evaluated member whose score it earned itself,
 * ranked. If a copy were ranked by its donor's score, a few copies of the best would push all
 * members that really trained to the bottom, and all would copy.
 */
export interface Population<H = Hyperparameters> {
  readonly direction: Direction;
  /** Best first. Snapshots without a score come last. Equals are in the order of their members. */
  readonly ranked: readonly Snapshot<H>[];
  /** The trained snapshot with the best score ever seen. */
  readonly best: Snapshot<H> | undefined;
  /** How many of `ranked` have a score. They come first. */
  readonly scored: number;
  /** How many members the run has, evaluated or not. */
  readonly size: number;
  /** How many generations a member's budget has, if that is known in advance. */
  readonly generations: number | undefined;
  readonly history: PopulationHistory<H>;
  /**
   * The place of a score among the scored: how many are strictly better, and how many equal it.
   */
  standing(score: number): { readonly better: number; readonly equal: number };
}

/** True when the first score is strictly better. A missing score is worse than every number. */
export function isBetter(
  direction: Direction,
  score: number | undefined,
  than: number | undefined,
): boolean {
  if (score === undefined) return false;
  if (than === undefined) return true;
  return direction === "maximize" ? score > than : score < than;
}

/**
 * Of equal scores the one with fewer steps is better, then that of the lower member, so that the
 * order of publication does not matter.
 */
export function isBetterModel(
  direction: Direction,
  snapshot: Snapshot,
  than: Snapshot | undefined,
): boolean {
  if (snapshot.score === undefined || isBetter(direction, than?.score, snapshot.score))
    return false;
  if (!than || isBetter(direction, snapshot.score, than.score)) return true;
  if (snapshot.memberSteps !== than.memberSteps) return snapshot.memberSteps < than.memberSteps;
  return snapshot.member < than.member;
}

/** What a run says of its population. */
export interface PopulationFacts {
  readonly direction: Direction;
  readonly size: number;
  readonly generations: number | undefined;
}

/**
 * A population that takes one snapshot at a time. Bisection finds a member's place, and nothing is
 * sorted again, so that a decision among 1,000 members costs about as much as one among 10.
 */
export class RankedPopulation implements Population {
  readonly direction: Direction;
  readonly size: number;
  readonly generations: number | undefined;
  readonly history: PopulationHistory;
  readonly ranked: Snapshot[] = [];
  scored = 0;
  /** Training steps of all members together. */
  totalSteps = 0;
  best: Snapshot | undefined;
  readonly #newest = new Map<number, Snapshot>();

  constructor(
    { direction, size, generations }: PopulationFacts,
    history: PopulationHistory = new RecentHistory(),
  ) {
    this.direction = direction;
    this.size = size;
    this.generations = generations;
    this.history = history;
  }

  /** Makes the snapshot its member's newest, unless its score is a donor's. */
  update(snapshot: Snapshot): void {
    if (!isEarned(snapshot)) return;
    // A strategy of the user's own may write to what it is shown, which is what others train with.
    Object.freeze(snapshot.hyperparameters);
    const before = this.#newest.get(snapshot.member);
    this.#newest.set(snapshot.member, snapshot);
    this.totalSteps += snapshot.memberSteps - (before?.memberSteps ?? 0);
    if (before) this.#leave(before);
    if (!takesPart(snapshot)) return;
    this.ranked.splice(this.#place(snapshot), 0, snapshot);
    if (snapshot.score !== undefined) this.scored++;
    if (snapshot.kind === "trained") this.noteBest(snapshot);
  }

  /** Takes those out of the ranking who have not reached a generation yet. */
  leaveOutBefore(generation: number): void {
    for (const behind of this.ranked.filter((other) => other.generation < generation))
      this.#leave(behind);
  }

  /** The newest snapshot of a member that it has earned, whether it is ranked or not. */
  newestOf(member: number): Snapshot | undefined {
    return this.#newest.get(member);
  }

  /** The newest earned snapshots of all members, ranked or not. */
  newest(): Iterable<Snapshot> {
    return this.#newest.values();
  }

  noteBest(snapshot: Snapshot): void {
    if (isBetterModel(this.direction, snapshot, this.best)) this.best = snapshot;
  }

  standing(score: number): { better: number; equal: number } {
    const { ranked, scored, direction } = this;
    const better = firstPlace(
      ranked,
      (other) => !isBetter(direction, other.score, score),
      0,
      scored,
    );
    const end = firstPlace(
      ranked,
      (other) => isBetter(direction, score, other.score),
      better,
      scored,
    );
    return { better, equal: end - better };
  }

  #leave(snapshot: Snapshot): void {
    const place = this.#place(snapshot);
    if (this.ranked[place] !== snapshot) return;
    this.ranked.splice(place, 1);
    if (snapshot.score !== undefined) this.scored--;
  }

  #place(snapshot: Snapshot): number {
    return firstPlace(this.ranked, (other) => !this.#precedes(other, snapshot));
  }

  #precedes(first: Snapshot, second: Snapshot): boolean {
    if (isBetter(this.direction, first.score, second.score)) return true;
    if (isBetter(this.direction, second.score, first.score)) return false;
    return first.member < second.member;
  }
}

function takesPart(snapshot: Snapshot): boolean {
  return snapshot.generation > 0;
}
