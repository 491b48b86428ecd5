/**
 * What the store knows of the workers of its process, which spares them messages: up to where each
 * has seen the history, and what came ahead with an answer of the database. Nothing depends on it:
 * what is not known is asked for.
 */
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { Claim, ClaimResult, RunId, WorkerId } from "../population-store.ts";
import { damagedRow } from "../rows.ts";

/** What others published, and the place up to where. */
export interface Published {
  readonly snapshots: readonly Snapshot[];
  readonly cursor: number;
}

export class Readers {
  readonly #readers = new Map<WorkerId, Reader>();

  of({ run, worker }: Pick<Claim, "run" | "worker">): Reader {
    const known = this.#readers.get(worker);
    if (known?.run === run) return known;
    const reader = new Reader(run, worker);
    this.#readers.set(worker, reader);
    return reader;
  }

  forget(worker: WorkerId): void {
    this.#readers.delete(worker);
  }
}

class Reader {
  readonly run: RunId;
  readonly #worker: WorkerId;
  /** Up to where the worker has seen the history. */
  seen: number | undefined;
  /** What others published after `since`, which came with the claim of that epoch. */
  #read:
    | { readonly epoch: number; readonly since: number | undefined; readonly published: Published }
    | undefined;
  /** The answer to a claim that came with a publication. */
  #ahead: string | undefined;

  constructor(run: RunId, worker: WorkerId) {
    this.run = run;
    this.#worker = worker;
  }

  /**
   * The answer to a claim: the JSON of `clade.claim`. Throws a `SyntaxError` where a row of it is
   * damaged.
   */
  claimed(json: string): ClaimResult {
    const { state, newest, published, undecided, ...claim } = JSON.parse(json);
    if (state !== "running") return { kind: "ended" };
    if (!newest) return { kind: "wait" };
    const { epoch } = claim;
    published?.snapshots.forEach(withNaN);
    this.#read = published && { epoch, since: this.seen, published };
    return {
      kind: "claimed",
      claim: {
        ...claim,
        run: this.run,
        worker: this.#worker,
        member: newest.member,
        newest: withNaN(newest),
        undecided: undecided === 1,
      },
    };
  }

  claimedAhead(json: string): void {
    this.#ahead = json;
  }

  /**
   * What was claimed ahead, once. Whoever had to wait looks again, since a change may have come in
   * between.
   */
  takeClaim(): ClaimResult | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead === undefined) return undefined;
    const result = this.claimed(ahead);
    return result.kind === "claimed" ? result : undefined;
  }

  /** What others published after a place, if it came with the claim, once. */
  takeRead({ epoch }: Claim, since: number): Published | undefined {
    const read = this.#read;
    this.#read = undefined;
    return read?.epoch === epoch && read.since === since ? read.published : undefined;
  }
}

/** Throws a `DamagedRowError`. */
export function snapshotFrom(json: string): Snapshot {
  try {
    return withNaN(JSON.parse(json));
  } catch (cause) {
    const [, id] = /^\{"id":"([\d.]+)"/.exec(json) ?? [];
    throw damagedRow(`snapshot ${id}`, "row", cause);
  }
}

/** JSON has no NaN, and null stands for it. */
function withNaN(snapshot: Snapshot): Snapshot {
  const metrics = snapshot.metrics as Record<string, number | null>;
  for (const name in metrics) metrics[name] ??= Number.NaN;
  return snapshot;
}
