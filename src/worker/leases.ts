import { CladeError } from "../algorithm/clade-error.ts";
import { type Claim, LeaseLostError, type PopulationStore } from "../population-store/population-store.ts";

/** A lease lasts this long without renewal. Dead workers of this machine are noticed at once, so only a lost machine waits for it. */
const initialLeaseMs = 60_000;

/**
 * How often a lease is renewed, and how soon a worker notices that its run was stopped: all workers together, of whom no more than one is at work for each member,
 * renew at most 100 times a second, and each often enough that three renewals in a row may fail.
 */
const renewalMs = (members: number) => Math.min(Math.max(1_000, 10 * members), initialLeaseMs / 4);

/** The generation is dropped because the worker was asked to stop. */
export class Interruption extends CladeError {}

export interface Lease {
  /** Throws when the generation must not go on. */
  check(): void;
  stop(): void;
}

/** The leases of a worker, renewed for as long as they are held. A trainer that blocks for long gets longer ones. */
export class Leases {
  leaseMs = initialLeaseMs;
  readonly #store: PopulationStore;
  readonly #signal: AbortSignal;
  readonly #renewalMs: number;

  constructor(store: PopulationStore, signal: AbortSignal, members: number) {
    this.#store = store;
    this.#signal = signal;
    this.#renewalMs = renewalMs(members);
  }

  keep(claim: Claim): Lease {
    let lost: LeaseLostError | undefined;
    let renewedAt = performance.now();
    let isRenewing = false;
    const timer = setInterval(() => {
      const sinceMs = performance.now() - renewedAt;
      if (sinceMs > this.leaseMs / 2) this.leaseMs = 3 * Math.ceil(sinceMs);
      renewedAt = performance.now();
      // A store that is late is not asked more often.
      if (isRenewing) return;
      isRenewing = true;
      this.#store
        .renewLease(claim, this.leaseMs)
        .catch((error) => {
          // Any other failure of the store shows when the generation is published.
          if (error instanceof LeaseLostError) lost = error;
        })
        .finally(() => {
          isRenewing = false;
        });
    }, this.#renewalMs);
    return {
      check: () => {
        if (lost) throw lost;
        if (this.#signal.aborted) throw new Interruption("the worker was asked to stop");
      },
      stop: () => clearInterval(timer),
    };
  }
}
