import { type Claim, LeaseLostError, type PopulationStore } from "../population-store/population-store.ts";
import { Interruption } from "./interruption.ts";

/** A lease lasts this long without renewal. Dead workers of this machine are noticed at once, so only a lost machine waits for it. */
const usualLeaseMs = 60_000;

/** How often a lease is renewed, and how soon a worker notices that its run was stopped. */
const renewalMs = 1_000;
/** Renewals that have had no answer. Another one may get through on another connection, and more would only wait. */
const mostRenewals = 3;

export interface Lease {
  /** Throws when the generation must not go on. */
  check(): void;
  stop(): void;
}

/**
 * The leases of a worker, renewed for as long as they are held. A trainer that blocks for long gets longer ones. A worker that was frozen looks the same, so
 * they get shorter again when it does not happen in every generation.
 */
export class Leases {
  leaseMs: number;
  readonly #shortestMs: number;
  readonly #store: PopulationStore;
  readonly #signal: AbortSignal;

  constructor(store: PopulationStore, signal: AbortSignal, leaseMs = usualLeaseMs) {
    this.#store = store;
    this.#signal = signal;
    this.#shortestMs = leaseMs;
    this.leaseMs = leaseMs;
  }

  keep(claim: Claim): Lease {
    let lost: LeaseLostError | undefined;
    let renewals = 0;
    let longestMs = 0;
    let renewedAt = performance.now();
    const renew = async () => {
      if (renewals >= mostRenewals) return;
      renewals++;
      try {
        await this.#store.renewLease(claim, this.leaseMs);
      } catch (error) {
        // Any other failure of the store shows when the generation is published.
        if (error instanceof LeaseLostError) lost = error;
      } finally {
        renewals--;
      }
    };
    const timer = setInterval(
      () => {
        const sinceMs = performance.now() - renewedAt;
        if (sinceMs > this.#shortestMs / 2) longestMs = Math.max(longestMs, sinceMs);
        if (sinceMs > this.leaseMs / 2) this.leaseMs = 3 * Math.ceil(sinceMs);
        renewedAt = performance.now();
        void renew();
      },
      Math.min(renewalMs, this.#shortestMs / 4),
    );
    return {
      check: () => {
        if (lost) throw lost;
        if (this.#signal.aborted) throw new Interruption();
      },
      stop: () => {
        clearInterval(timer);
        this.leaseMs = Math.max(this.#shortestMs, 3 * Math.ceil(longestMs), Math.floor(this.leaseMs / 2));
      },
    };
  }
}
