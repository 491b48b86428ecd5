import {
  type Hyperparameters,
  memberOf,
  ordinalOf,
  type SnapshotId,
  snapshotId,
  type TreeSnapshot,
} from "../algorithm/snapshot.ts";

const kinds: readonly TreeSnapshot["kind"][] = [
  "initial",
  "trained",
  "copied",
  "explored",
  "restarted",
  "evaluated",
  "recovered",
];

/** Where a snapshot's whole numbers lie, one after the other. An id is its member and its ordinal. */
const place = { id: 0, parent: 2, donor: 4, kind: 6, generation: 7 };
const wholesEach = 8;
/** And its other numbers. */
const realPlace = { step: 0, memberSteps: 1, score: 2 };
const realsEach = 3;

/** Stands for the member of an id that is absent. */
const absent = -1;

interface Values {
  readonly wholes: Int32Array;
  /** A score that is absent is NaN, which no score is. */
  readonly reals: Float64Array;
  readonly hyperparameters: readonly Hyperparameters[];
}

/**
 * The same snapshots in half of the memory, without what they have beyond the tree: the numbers of all of them lie in two arrays.
 * They share their hyperparameters with those given.
 */
export function compactSnapshots(snapshots: readonly TreeSnapshot[]): readonly TreeSnapshot[] {
  const wholes = new Int32Array(wholesEach * snapshots.length);
  const reals = new Float64Array(realsEach * snapshots.length);
  const hyperparameters = snapshots.map((snapshot) => snapshot.hyperparameters);
  const values: Values = { wholes, reals, hyperparameters };
  const putId = (at: number, id: SnapshotId | undefined) => {
    wholes[at] = id === undefined ? absent : memberOf(id);
    if (id !== undefined) wholes[at + 1] = ordinalOf(id);
  };
  return snapshots.map((snapshot, index) => {
    const whole = wholesEach * index;
    const real = realsEach * index;
    putId(whole + place.id, snapshot.id);
    putId(whole + place.parent, snapshot.parent);
    putId(whole + place.donor, snapshot.donor);
    wholes[whole + place.kind] = kinds.indexOf(snapshot.kind);
    wholes[whole + place.generation] = snapshot.generation;
    reals[real + realPlace.step] = snapshot.step;
    reals[real + realPlace.memberSteps] = snapshot.memberSteps;
    reals[real + realPlace.score] = snapshot.score ?? Number.NaN;
    return new CompactSnapshot(values, index) as TreeSnapshot;
  });
}

class CompactSnapshot {
  readonly #values: Values;
  readonly #index: number;

  constructor(values: Values, index: number) {
    this.#values = values;
    this.#index = index;
  }

  get id() {
    return this.#id(place.id)!;
  }

  get member() {
    return this.#whole(place.id);
  }

  get kind() {
    return kinds[this.#whole(place.kind)]!;
  }

  get parent() {
    return this.#id(place.parent);
  }

  get donor() {
    return this.#id(place.donor);
  }

  get generation() {
    return this.#whole(place.generation);
  }

  get step() {
    return this.#real(realPlace.step);
  }

  get memberSteps() {
    return this.#real(realPlace.memberSteps);
  }

  get hyperparameters() {
    return this.#values.hyperparameters[this.#index]!;
  }

  get score() {
    const score = this.#real(realPlace.score);
    return Number.isNaN(score) ? undefined : score;
  }

  #id(at: number): SnapshotId | undefined {
    const member = this.#whole(at);
    return member === absent ? undefined : snapshotId(member, this.#whole(at + 1));
  }

  #whole(at: number): number {
    return this.#values.wholes[wholesEach * this.#index + at]!;
  }

  #real(at: number): number {
    return this.#values.reals[realsEach * this.#index + at]!;
  }
}
