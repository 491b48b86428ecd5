/**
 * Repeats of a restore, each in a new process: evaluate, then train on. Done only if something
 * differs, because it takes time.
 */
import { performance } from "node:perf_hooks";
import type { Evaluation } from "../experiment/trainer.ts";
import { trainFrom } from "../worker/train-on.ts";
import type { Saved, Trial } from "./trial.ts";

/**
 * With the first that makes four. Chance makes one of four an outlier once in a thousand times.
 */
const maxRepeats = 3;
const secondsForAll = 20;

export interface Repeat {
  /** Evaluated after a restore, and again. */
  readonly restored: readonly [Evaluation, Evaluation];
  readonly on: Evaluation | undefined;
}

export async function repeatsOf(trial: Trial, saved: Saved): Promise<readonly Repeat[]> {
  const begin = performance.now();
  const repeats: Repeat[] = [];
  while (repeats.length < maxRepeats) {
    const session = trial.open();
    try {
      await trial.restore(session, saved);
      const restored = [await trial.evaluate(session), await trial.evaluate(session)] as const;
      const on =
        saved.more > 0 ? await trainFrom(session, trial.onward(saved), trial.own) : undefined;
      repeats.push({ restored, on });
    } finally {
      await session.dispose();
    }
    if (performance.now() - begin > secondsForAll * 1000) break;
  }
  return repeats;
}
