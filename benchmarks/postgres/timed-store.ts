import type { PopulationStore } from "clade";

/**
 * Calls that no training waits for (a lease is renewed beside it), or that are not the store's
 * work.
 */
const besides = new Set<PropertyKey>(["renewLease", "mark", "waitForChange", "history"]);

/** A store that tells how long it was waited for, in milliseconds. */
export function timedStore(store: PopulationStore, waited: (ms: number) => void): PopulationStore {
  return new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(target, name);
      if (typeof method !== "function" || besides.has(name)) return method;
      return async (...given: unknown[]) => {
        const start = performance.now();
        try {
          return await method(...given);
        } finally {
          waited(performance.now() - start);
        }
      };
    },
  });
}
