import { afterEach, expect, test, vi } from "vitest";
import { pauseForEvents } from "./train-steps.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("in a page steps give way without a timer, which a hidden page would wait for", async () => {
  vi.stubGlobal("setImmediate", undefined);
  const timer = vi.spyOn(globalThis, "setTimeout");
  let hasRun = false;
  const other = new MessageChannel();
  other.port1.onmessage = () => {
    hasRun = true;
    other.port1.close();
  };
  other.port2.postMessage("before");
  await pauseForEvents(0);
  expect(hasRun).toBe(true);
  expect(timer).not.toHaveBeenCalled();
});
