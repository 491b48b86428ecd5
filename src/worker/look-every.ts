import type { Clock } from "./clock.ts";

/**
 * Looks at something regularly. If a look takes longer, such as while a store is unavailable, the
 * next looks are skipped until it ends.
 */
export function lookEvery(
  clock: Clock,
  milliseconds: number,
  look: () => Promise<void>,
): Disposable {
  let isLooking = false;
  return clock.every(milliseconds, () => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  });
}
