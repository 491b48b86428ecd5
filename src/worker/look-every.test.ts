import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";
import { lookEvery } from "./look-every.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("looks do not pile up while one is under way, and go on after it", async () => {
  let looks = 0;
  let answer = () => {};
  const store = () =>
    new Promise<void>((resolve) => {
      looks++;
      answer = resolve;
    });
  using _ = lookEvery(systemClock, 1000, store);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(looks).toBe(1);
  answer();
  await vi.advanceTimersByTimeAsync(1000);
  expect(looks).toBe(2);
});
