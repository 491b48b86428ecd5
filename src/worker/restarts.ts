import { ordinalOf } from "../algorithm/snapshot.ts";
import type { Claim, PopulationStore } from "../population-store/population-store.ts";

/** At the end of which generation members were last restarted, on which the seeds of their trainers depend. */
export class Restarts {
  readonly #store: PopulationStore;
  readonly #known = new Map<number, { readonly ordinal: number; readonly generation: number }>();

  constructor(store: PopulationStore) {
    this.#store = store;
  }

  /** 0 if the member was never restarted. Only what is newer than what was read before is read. */
  async generationOf({ run, member }: Pick<Claim, "run" | "member">): Promise<number> {
    const before = this.#known.get(member) ?? { ordinal: -1, generation: 0 };
    let { ordinal, generation } = before;
    for await (const { id, kind, generation: at } of this.#store.history(run, member)) {
      ordinal = Math.max(ordinal, ordinalOf(id));
      if (ordinalOf(id) <= before.ordinal) break;
      if (kind !== "restarted") continue;
      generation = at;
      break;
    }
    this.#known.set(member, { ordinal, generation });
    return generation;
  }
}
