/** What live views draw: fed with what a run publishes, in order. Knows nothing of canvases. */
import type { Direction } from "../../algorithm/population.ts";
import type { SnapshotId, TreeSnapshot } from "../../algorithm/snapshot.ts";

/** One generation of training, from where it began to where it ended. */
export interface Stretch {
  readonly id: SnapshotId;
  readonly member: number;
  /** Generations that the member had completed at its end. */
  readonly generation: number;
  /** Training steps that the weights had seen at its end. */
  readonly step: number;
  readonly score: number | undefined;
  /** What its weights continue; undefined for fresh ones. */
  readonly from: Stretch | undefined;
}

/** A copy of weights: from a stretch to the member that goes on from it. */
export interface CopiedWeights {
  readonly from: Stretch;
  readonly member: number;
  readonly generation: number;
}

/** A run as a live view sees it. Lists only grow. */
export class LiveRun {
  readonly direction: Direction;
  readonly members: number;
  readonly stretches: Stretch[] = [];
  readonly copies: CopiedWeights[] = [];
  best: Stretch | undefined;
  lastStep = 0;
  lastGeneration = 0;
  /** By snapshot: what its weights come from. */
  readonly #origins = new Map<SnapshotId, Stretch | undefined>();

  constructor({ direction, members }: Pick<LiveRun, "direction" | "members">) {
    this.direction = direction;
    this.members = members;
  }

  /** Adds what was published since, in the order of publication. */
  add(snapshots: readonly TreeSnapshot[]): void {
    for (const snapshot of snapshots) {
      const { id, member, kind, generation, step, score, parent } = snapshot;
      const from = parent === undefined ? undefined : this.#origins.get(parent);
      if (kind !== "trained") {
        this.#origins.set(id, from);
        if (kind === "copied" && from && from.member !== member)
          this.copies.push({ from, member, generation });
        continue;
      }
      const stretch: Stretch = { id, member, generation, step, score, from };
      this.#origins.set(id, stretch);
      this.stretches.push(stretch);
      this.lastStep = Math.max(this.lastStep, step);
      this.lastGeneration = Math.max(this.lastGeneration, generation);
      if (this.#isBetter(score, this.best?.score)) this.best = stretch;
    }
  }

  #isBetter(score: number | undefined, than: number | undefined): boolean {
    if (score === undefined) return false;
    if (than === undefined) return true;
    return this.direction === "maximize" ? score > than : score < than;
  }

  /** From the best stretch back to fresh weights. */
  *bestLineage(): Generator<Stretch> {
    for (let at = this.best; at; at = at.from) yield at;
  }
}
