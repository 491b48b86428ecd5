/**
 * Looks at something now and then. A look that takes longer, as while a store is away, is waited
 * for: the next ones are left out meanwhile.
 */
export function lookEvery(milliseconds: number, look: () => Promise<void>): Disposable {
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  }, milliseconds);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
