import {
  type Claim,
  LeaseLostError,
  type PopulationStore,
} from "../population-store/population-store.ts";
import type { Clock } from "./clock.ts";
import { Interruption } from "./interruption.ts";

/**
 * A lease lasts this long without renewal. Dead workers of this machine are noticed at once, so
 * only the members of a lost machine wait this long.
 */
export const defaultLeaseMs = 60_000;

/**
 * How often a lease is renewed, and so how soon a worker notices that its run was stopped. All
 * workers together renew at most 100 times a second, since at most one works on each member. Each
 * renews often enough that three renewals in a row may fail.
 */
const renewalMs = (members: number, leaseMs: number) =>
  Math.min(Math.max(1_000, 10 * members), leaseMs / 4);
/**
 * A renewal without an answer is repeated after a quarter of the lease. A slow store does not get
 * more requests, and if a connection was cut silently, another may get through.
 */
const maxRenewals = 3;

export interface Lease {
  /** Throws when the generation must not go on. */
  check(): void;
  stop(): void;
}

/**
 * The leases of a worker, renewed while they are held. A trainer that blocks for long gets longer
 * leases. A worker that was frozen looks the same, so leases get shorter again if it does not
 * happen in every generation.
 */
export class Leases {
  leaseMs: number;
  readonly #minMs: number;
  readonly #store: PopulationStore;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #renewalMs: number;

  /** @param firstLeaseMs - The minimum of the first lease, if the trainer is known to block. */
  constructor(
    store: PopulationStore,
    signal: AbortSignal,
    clock: Clock,
    members: number,
    leaseMs = defaultLeaseMs,
    firstLeaseMs = leaseMs,
  ) {
    this.#store = store;
    this.#signal = signal;
    this.#clock = clock;
    this.#renewalMs = renewalMs(members, leaseMs);
    this.#minMs = leaseMs;
    this.leaseMs = Math.max(leaseMs, firstLeaseMs);
  }

  keep(claim: Claim): Lease {
    const clock = this.#clock;
    let lost: LeaseLostError | undefined;
    let renewals = 0;
    let askedAt = 0;
    let maxSinceMs = 0;
    let renewedAt = clock.elapsed();
    const renew = async () => {
      const isLate = clock.elapsed() - askedAt >= this.leaseMs / 4;
      if (renewals >= maxRenewals || (renewals > 0 && !isLate)) return;
      renewals++;
      askedAt = clock.elapsed();
      try {
        await this.#store.renewLease(claim, this.leaseMs);
      } catch (error) {
        // Any other failure of the store shows at the publication.
        if (error instanceof LeaseLostError) lost = error;
      } finally {
        renewals--;
      }
    };
    const renewing = clock.every(this.#renewalMs, () => {
      const sinceMs = clock.elapsed() - renewedAt;
      if (sinceMs > this.#minMs / 2) maxSinceMs = Math.max(maxSinceMs, sinceMs);
      if (sinceMs > this.leaseMs / 2) this.leaseMs = 3 * Math.ceil(sinceMs);
      renewedAt = clock.elapsed();
      void renew();
    });
    return {
      check: () => {
        if (lost) throw lost;
        if (this.#signal.aborted) throw new Interruption();
      },
      stop: () => {
        renewing[Symbol.dispose]();
        this.leaseMs = Math.max(
          this.#minMs,
          3 * Math.ceil(maxSinceMs),
          Math.floor(this.leaseMs / 2),
        );
      },
    };
  }
}
