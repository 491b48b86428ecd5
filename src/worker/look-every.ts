import type { Clock } from "./clock.ts";

/**
 * Looks at something now and then. A look that takes longer, as while a store is away, is waited
 * for: the next ones are left out meanwhile.
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
