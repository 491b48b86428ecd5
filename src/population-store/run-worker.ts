/** What the store knows about a run's workers, besides the members that they hold. */
import type { WorkerId } from "./contract/ids.ts";

/** Times are Unix times in milliseconds. */
export type WorkerState =
  | { readonly kind: "working" }
  /** No member can be claimed: all are leased, rest after a failure, or wait for the others. */
  | { readonly kind: "waiting" }
  /** Everything fails on it. It claims nothing, and tests itself again and again. */
  | {
      readonly kind: "set-aside";
      readonly since: number;
      readonly reason: string;
      readonly triesAt: number;
      readonly givesUpAt: number;
    }
  /** It has left after it was set aside. */
  | { readonly kind: "gave-up"; readonly since: number; readonly reason: string };

/** A worker of a run, and what it said last. */
export interface RunWorker {
  readonly worker: WorkerId;
  /** As in a failure. */
  readonly device?: string;
  readonly joinedAt: number;
  /** The time of its last report. Between generations it reports twice a minute. */
  readonly seenAt: number;
  readonly state: WorkerState;
}

/** A worker that has not reported for this long is forgotten. */
export const forgottenAfterMs = 24 * 3600 * 1000;

/** The machine of a worker. */
export function hostOf(worker: WorkerId): string {
  return worker.split(":", 1)[0]!;
}
