/** What the store knows of the workers of a run beside the members that they hold. */
import type { WorkerId } from "./contract/ids.ts";

/** Times are Unix times in milliseconds. */
export type WorkerState =
  | { readonly kind: "working" }
  /**
   * Nothing can be claimed: all members are leased, rest after a failure, or wait for the others.
   */
  | { readonly kind: "waiting" }
  /** Everything fails on it. It claims nothing, and tries itself again. */
  | {
      readonly kind: "set-aside";
      readonly since: number;
      readonly reason: string;
      readonly triesAt: number;
      readonly givesUpAt: number;
    }
  /** It has left, set aside. */
  | { readonly kind: "gave-up"; readonly since: number; readonly reason: string };

export interface RunWorker {
  readonly worker: WorkerId;
  /** As in a failure. */
  readonly device?: string;
  readonly joinedAt: number;
  /** When it last said what it does, which it does twice a minute between generations. */
  readonly seenAt: number;
  readonly state: WorkerState;
}

/** A worker that was not heard of for so long is forgotten. */
export const forgottenAfterMs = 24 * 3600 * 1000;

/** The machine of a worker. */
export function hostOf(worker: WorkerId): string {
  return worker.split(":", 1)[0]!;
}
