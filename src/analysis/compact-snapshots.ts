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

/** The places of a snapshot's whole numbers. An id takes two: its member and its ordinal. */
const place = { id: 0, parent: 2, donor: 4, generationAndKind: 6 };
const wholesEach = 7;
/** The places of its other numbers. */
const realPlace = { step: 0, memberSteps: 1, score: 2 };
const realsEach = 3;

/** Stands for the member of an absent id. */
const absent = -1;

/** The number of snapshots that share arrays. */
const chunkLength = 4096;

interface Chunk {
  readonly wholes: Int32Array;
  /** NaN stands for an absent score, since no score is NaN. */
  readonly reals: Float64Array;
  readonly hyperparameters: Hyperparameters[];
}

/**
 * The same snapshots in half of the memory, without what the tree does not need. Arrays hold the
 * numbers of all of them, and each snapshot is only an index. They share their hyperparameters
 * with the given ones, which come page by page.
 */
export async function compactSnapshots(
  pages: AsyncIterable<readonly TreeSnapshot[]>,
): Promise<readonly TreeSnapshot[]> {
  const chunks: Chunk[] = [];
  let count = 0;
  for await (const page of pages) {
    for (const snapshot of page) {
      const index = count++ % chunkLength;
      if (index === 0) chunks.push(emptyChunk());
      put(snapshot, chunks.at(-1)!, index);
    }
  }
  const CompactSnapshot = compactSnapshotIn(chunks);
  return Array.from({ length: count }, (_, number) => new CompactSnapshot(number));
}

function emptyChunk(): Chunk {
  return {
    wholes: new Int32Array(wholesEach * chunkLength),
    reals: new Float64Array(realsEach * chunkLength),
    hyperparameters: Array(chunkLength),
  };
}

function put(
  snapshot: TreeSnapshot,
  { wholes, reals, hyperparameters }: Chunk,
  index: number,
): void {
  const whole = wholesEach * index;
  const real = realsEach * index;
  const putId = (at: number, id: SnapshotId | undefined) => {
    wholes[at] = id === undefined ? absent : memberOf(id);
    if (id !== undefined) wholes[at + 1] = ordinalOf(id);
  };
  putId(whole + place.id, snapshot.id);
  putId(whole + place.parent, snapshot.parent);
  putId(whole + place.donor, snapshot.donor);
  wholes[whole + place.generationAndKind] =
    snapshot.generation * kinds.length + kinds.indexOf(snapshot.kind);
  reals[real + realPlace.step] = snapshot.step;
  reals[real + realPlace.memberSteps] = snapshot.memberSteps;
  reals[real + realPlace.score] = snapshot.score ?? Number.NaN;
  hyperparameters[index] = snapshot.hyperparameters;
}

/** A class of objects that hold only a number. */
function compactSnapshotIn(chunks: readonly Chunk[]): new (number: number) => TreeSnapshot {
  return class {
    readonly #number: number;

    constructor(number: number) {
      this.#number = number;
    }

    get id() {
      return this.#id(place.id)!;
    }

    get member() {
      return this.#whole(place.id);
    }

    get kind() {
      return kinds[this.#whole(place.generationAndKind) % kinds.length]!;
    }

    get parent() {
      return this.#id(place.parent);
    }

    get donor() {
      return this.#id(place.donor);
    }

    get generation() {
      return Math.floor(this.#whole(place.generationAndKind) / kinds.length);
    }

    get step() {
      return this.#real(realPlace.step);
    }

    get memberSteps() {
      return this.#real(realPlace.memberSteps);
    }

    get hyperparameters() {
      return this.#chunk.hyperparameters[this.#index]!;
    }

    get score() {
      const score = this.#real(realPlace.score);
      return Number.isNaN(score) ? undefined : score;
    }

    get #chunk(): Chunk {
      return chunks[Math.floor(this.#number / chunkLength)]!;
    }

    get #index(): number {
      return this.#number % chunkLength;
    }

    #id(at: number): SnapshotId | undefined {
      const member = this.#whole(at);
      return member === absent ? undefined : snapshotId(member, this.#whole(at + 1));
    }

    #whole(at: number): number {
      return this.#chunk.wholes[wholesEach * this.#index + at]!;
    }

    #real(at: number): number {
      return this.#chunk.reals[realsEach * this.#index + at]!;
    }
  } as new (
    number: number,
  ) => TreeSnapshot;
}
